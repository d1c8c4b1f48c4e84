"""Who paused or cancelled a plan, and the log of people's decisions about plans."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, String, Text

revision = "0005_decisions"
down_revision = "0004_journeys"

_Serial = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Plans that an operator paused or cancelled before keep that: their reason says so."""
    op.add_column(
        "plans", Column("stopped_by", String(200), comment="the person who paused or cancelled it; null otherwise")
    )
    op.execute(
        "update plans set stopped_by = 'an operator' where state in ('paused', 'cancelled') "
        "and stop_reason in ('paused by an operator', 'cancelled by an operator')"
    )
    op.create_table(
        "decisions",
        Column("seq", _Serial, primary_key=True, autoincrement=True),
        Column("plan_id", String(36), nullable=False),
        Column("action", String(20), nullable=False, comment="pause, resume, cancel, replace_content, choose_winner"),
        Column("decided_by", String(200), nullable=False, comment="Airflow's user, or the user of the command line"),
        Column("decided_at", Float, nullable=False, comment="Unix seconds"),
        Column("note", Text, nullable=False, comment="why, in the person's words; may be empty"),
        Column("details", Text, nullable=False, comment="what it changed, JSON"),
        comment="What people decided about plans. Append-only, each row in the transaction of its change.",
    )
    op.create_index("decisions_by_plan", "decisions", ["plan_id"])
