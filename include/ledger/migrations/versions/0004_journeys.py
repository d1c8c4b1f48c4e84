"""Tables of journeys: their state, the definitions by which people are inside, entries, steps, and plans."""

from __future__ import annotations

from alembic import op
from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, String, Text

revision = "0004_journeys"
down_revision = "0003_consent_chain"


def upgrade() -> None:
    """Create the tables; existing rows are not touched."""
    _create_definitions()
    _create_entries()
    _create_steps()


def _create_definitions() -> None:
    op.create_table(
        "journeys",
        Column("journey", String(28), primary_key=True),
        Column("version", String(16), nullable=False, comment="in which people enter: of the file when it was last read"),
        Column("state", String(10), nullable=False, comment="active, paused or cancelled"),
        Column("reason", Text),
        Column("changed_at", Float, nullable=False, comment="Unix seconds"),
        CheckConstraint("state in ('active', 'paused', 'cancelled')", name="journey_state"),
    )
    op.create_table(
        "journey_versions",
        Column("journey", String(28), primary_key=True),
        Column("version", String(16), primary_key=True, comment="hash of the definition"),
        Column("definition", Text, nullable=False, comment="the journey and its queries as they were, JSON"),
        Column("first_seen_at", Float, nullable=False, comment="Unix seconds"),
        comment="The definitions by which people are inside: each stays on the version in which they entered.",
    )


def _create_entries() -> None:
    op.create_table(
        "journey_entries",
        Column("entry_id", String(36), primary_key=True, comment="UUIDv5 of journey, trigger and person"),
        Column("journey", String(28), nullable=False),
        Column("version", String(16), nullable=False),
        Column("subscriber_id", Text, nullable=False),
        Column("trigger_key", Text, nullable=False),
        Column("triggered_at", Float, nullable=False, comment="when the trigger happened, Unix seconds"),
        Column("entered_at", Float, nullable=False),
        Column("state", String(10), nullable=False),
        Column("reason", Text, comment="why the person left, where the state does not say it"),
        Column("step", String(28), comment="the step that comes next; null once the person is out"),
        Column("due_at", Float, comment="when it does"),
        Column("reached_at", Float, nullable=False, comment="when it could first have: a cap may have moved due_at"),
        Column("changed_at", Float, nullable=False),
        CheckConstraint("state in ('inside', 'finished', 'goal', 'left', 'cancelled')", name="entry_state"),
        CheckConstraint("(state = 'inside') = (step is not null)", name="entry_has_a_step"),
        comment="One row per person and trigger: where they are in the journey.",
    )
    op.create_index("entries_by_due", "journey_entries", ["state", "due_at"])
    op.create_index("entries_by_person", "journey_entries", ["journey", "subscriber_id"])
    op.create_index("entries_by_trigger", "journey_entries", ["journey", "triggered_at"])


def _create_steps() -> None:
    op.create_table(
        "journey_steps",
        Column("entry_id", String(36), primary_key=True),
        Column("step", String(28), primary_key=True),
        Column("outcome", String(40), nullable=False, comment="planned, yes, no, the arm, waited, or why there was no mail"),
        Column("plan_id", String(36), comment="of the mail"),
        Column("message_key", String(36)),
        Column("passed_at", Float, nullable=False, comment="Unix seconds"),
        comment="One row per person, trigger and step that is behind them: its key is what makes each step happen once.",
    )
    op.create_table(
        "journey_plans",
        Column("plan_id", String(36), ForeignKey("plans.plan_id"), primary_key=True),
        Column("journey", String(28), nullable=False),
        Column("version", String(16), nullable=False),
        Column("step", String(28), nullable=False),
        comment="Which step of which journey a plan sends.",
    )
    op.create_index("plans_by_journey", "journey_plans", ["journey"])
