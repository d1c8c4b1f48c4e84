"""The ledger's tables.

One row per plan, one row per chunk, one row per person whose outcome differs from their chunk's state, and the logs of
suppressions and consent. Transactional, small, portable between SQLite and PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()
_Serial = BigInteger().with_variant(Integer, "sqlite")

PLAN_STATES = ("sending", "paused", "stopped", "cancelled", "done")
CHUNK_STATES = ("pending", "sending", "accepted", "rejected", "in_doubt", "split", "skipped")
ENTRY_STATES = ("inside", "finished", "goal", "left", "cancelled")
OUTCOMES = ("suppressed", "rejected", "accepted", "skipped")

ledger_metadata = Table(
    "ledger_metadata",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
    comment="Facts about this ledger: the fingerprint of its address key, how far each log was read.",
)

plans = Table(
    "plans",
    metadata,
    Column("plan_id", String(36), primary_key=True),
    Column("campaign", String(80), nullable=False),
    Column("occurrence", String(80), nullable=False),
    Column("kind", String(10), nullable=False, comment="live or test"),
    Column("state", String(10), nullable=False),
    Column("stop_reason", Text),
    Column("batch_id", String(100), comment="SendGrid's, which the next scheduled requests of the plan carry"),
    Column("batch_status", String(10), comment="pause or cancel, where SendGrid has confirmed that for the plan's batches"),
    Column("batch_status_at", Float, comment="when it had; what is due later than its notice is held by it, Unix seconds"),
    Column("settings", Text, nullable=False, comment="the campaign as planned, JSON"),
    Column("segment_run", String(80), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("folder", Text, nullable=False, comment="relative to the data folder"),
    Column("manifest_sha256", String(64), nullable=False),
    Column("suppressions_seen", BigInteger, nullable=False, comment="last suppression_log.seq the plan knew"),
    Column("selected", BigInteger, nullable=False),
    Column("planned", BigInteger, nullable=False, comment="people in chunks"),
    Column("suppressed", BigInteger, nullable=False, comment="at plan time"),
    Column("capped", BigInteger, nullable=False),
    Column("held_out", BigInteger, nullable=False),
    Column("planned_at", Float, nullable=False, comment="Unix seconds"),
    Column("stopped_by", String(200), comment="the person who paused or cancelled it; null otherwise"),
    UniqueConstraint("campaign", "occurrence", "kind", name="one_plan_an_occurrence"),
    CheckConstraint(f"state in {PLAN_STATES!r}", name="plan_state"),
    CheckConstraint("selected = planned + suppressed + capped + held_out", name="plan_adds_up"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("plan_id", String(36), nullable=False),
    Column("action", String(20), nullable=False, comment="pause, resume, cancel, replace_content, choose_winner"),
    Column("decided_by", String(200), nullable=False, comment="Airflow's user, or the user of the command line"),
    Column("decided_at", Float, nullable=False, comment="Unix seconds"),
    Column("note", Text, nullable=False, comment="why, in the person's words; may be empty"),
    Column("details", Text, nullable=False, comment="what it changed, JSON"),
    comment="What people decided about plans. Append-only, each row in the transaction of its change.",
)
Index("decisions_by_plan", decisions.c.plan_id)

chunks = Table(
    "chunks",
    metadata,
    Column("plan_id", String(36), ForeignKey("plans.plan_id"), primary_key=True),
    Column("chunk", Integer, primary_key=True, comment="0, 1, 2 …; children of a split take numbers after the last"),
    Column("parent", Integer, comment="the chunk that this one was split or resent from"),
    Column("root", Integer, nullable=False, comment="the chunk of the plan that it descends from; its own number there"),
    Column("file", Text, nullable=False, comment="Parquet, relative to the plan's folder"),
    Column("first_row", Integer, nullable=False, comment="in the file; a chunk's people stand together"),
    Column("root_size", Integer, nullable=False, comment="people in the chunk of the plan that it descends from"),
    Column("content", String(80), nullable=False, comment="which of the plan's contents: variant.locale.tracked"),
    Column("selection", Text, comment="which of the chunk's people, as '0:500,731:732'; null is all"),
    Column("recipients", Integer, nullable=False, comment="people in the selection"),
    Column("state", String(10), nullable=False),
    Column("fence", BigInteger, nullable=False, default=0, comment="grows with every claim"),
    Column("lease_owner", String(200)),
    Column("lease_until", Float),
    Column("attempt", Integer, nullable=False, default=0, comment="requests for this chunk so far; tw_try"),
    Column("not_before", Float, nullable=False, default=0.0),
    Column("send_at", Float, comment="SendGrid's send_at for the whole chunk, where it is scheduled"),
    Column("batch_id", String(100), comment="the batch that its last request carried: by it SendGrid pauses and cancels"),
    Column("not_after", Float, comment="end of the send window in which it may arrive"),
    Column("zone", String(64), comment="time zone of its people, where the campaign has a send window"),
    Column("provider", String(20), nullable=False, default=""),
    Column("posted_at", Float, comment="when the last intent was written"),
    Column("settled_at", Float),
    Column("http_status", Integer),
    Column("x_message_id", String(100)),
    Column("reason", Text),
    CheckConstraint(f"state in {CHUNK_STATES!r}", name="chunk_state"),
)
Index("chunks_by_state", chunks.c.plan_id, chunks.c.state, chunks.c.root)
Index("chunks_by_message", chunks.c.x_message_id)

outcomes = Table(
    "outcomes",
    metadata,
    Column("plan_id", String(36), primary_key=True),
    Column("message_key", String(36), primary_key=True),
    Column("chunk", Integer, nullable=False),
    Column("row", Integer, nullable=False, comment="place among the root chunk's people; -1 where unknown"),
    Column("state", String(10), nullable=False),
    Column("reason", Text),
    Column("recorded_at", Float, nullable=False),
    CheckConstraint(f"state in {OUTCOMES!r}", name="outcome_state"),
    comment="One row for each person whose fate differs from their chunk's.",
)
Index("outcomes_by_chunk", outcomes.c.plan_id, outcomes.c.chunk)

holds = Table(
    "holds",
    metadata,
    Column("plan_id", String(36), ForeignKey("plans.plan_id"), primary_key=True),
    Column("provider", String(20), primary_key=True, comment="a mailbox provider; empty is the whole campaign"),
    Column("reason", Text, nullable=False),
    Column("held_at", Float, nullable=False),
    Column("released_at", Float, comment="when an operator resumed it; what was sent before no longer counts against it"),
    comment="What the circuit breaker holds back.",
)

suppression_log = Table(
    "suppression_log",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True, comment="in commit order: writers are serialised"),
    Column("address_key", String(64), nullable=False),
    Column("action", String(8), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("source", String(40), nullable=False),
    Column("message_key", String(36)),
    Column("happened_at", Float, nullable=False),
    Column("recorded_at", Float, nullable=False),
    CheckConstraint("action in ('suppress', 'lift')", name="suppression_action"),
    sqlite_autoincrement=True,
)
Index("suppressions_by_address", suppression_log.c.address_key)

consent_log = Table(
    "consent_log",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=False, comment="in commit order: writers are serialised"),
    Column("address_key", String(64), nullable=False),
    Column("topic", String(40), nullable=False, comment="marketing, tracking, or a preference topic"),
    Column("given", Integer, nullable=False),
    Column("source", String(40), nullable=False),
    Column("message_key", String(36)),
    Column("happened_at", Float, nullable=False),
    Column(
        "wording", String(100), comment="version of what the person read (consent_wordings); null where nothing was shown"
    ),
    Column("evidence", Text, comment="how the answer was given, JSON; null for answers of before the chain"),
    Column("recorded_at", Float, comment="Unix seconds; null for answers of before the chain"),
    Column("previous_hash", String(64), nullable=False, comment="row_hash of the row before; zeros in the first row"),
    Column("row_hash", String(64), nullable=False, comment="HMAC-SHA256 over previous_hash and the other columns but seq"),
    comment="Append-only and hash-chained (consent_chain.py); the head is in ledger_metadata and the journal.",
)
Index("consent_by_address", consent_log.c.address_key)

consent_wordings = Table(
    "consent_wordings",
    metadata,
    Column("wording", String(100), primary_key=True, comment="page/locale/hash of the text"),
    Column("text", Text, nullable=False, comment="what the person read, in the language of the page"),
    Column("first_used_at", Float, nullable=False, comment="Unix seconds"),
    comment="The texts by which people were asked for consent, once each.",
)

allowances = Table(
    "allowances",
    metadata,
    Column("scope", String(120), primary_key=True, comment="account, campaign:<id>, provider:<name>, and day counters"),
    Column("arrival", Float, nullable=False, comment="theoretical arrival time (GCRA), Unix seconds"),
    Column("used", BigInteger, nullable=False, default=0),
    comment="Pace, shared by every task that sends.",
)

outages = Table(
    "outages",
    metadata,
    Column("scope", String(200), primary_key=True, comment="SendGrid's base URL"),
    Column("suspected", Integer, nullable=False, comment="1: only a probe may go"),
    Column("doubts", Integer, nullable=False, comment="in a row, those under way at once counted as one"),
    Column("not_before", Float, nullable=False, comment="of the next probe, Unix seconds"),
    Column("probe", String(40), comment="the probe that was given out and has not ended"),
    Column("probe_owner", String(200), comment="the process that has it"),
    Column("probe_until", Float, nullable=False),
    Column("proved_at", Float, nullable=False, comment="when a probe was last accepted"),
    comment="What is known of a SendGrid that gives no readable answer, shared by every process that sends.",
)

withheld = Table(
    "withheld",
    metadata,
    Column("address_key", String(64), primary_key=True),
    Column("since", Float, primary_key=True, comment="when it was decided, before SendGrid was told; Unix seconds"),
    Column("listed_at", Float, comment="when SendGrid had the address on its lists; null where that is not certain"),
    Column("ended_at", Float, comment="when it was off them again, or there by the person's own wish"),
    comment="Who is on SendGrid's unsubscribe lists by our hand, so that mail that it holds already does not go to them.",
)

journeys = Table(
    "journeys",
    metadata,
    Column("journey", String(28), primary_key=True),
    Column("version", String(16), nullable=False, comment="in which people enter: of the file when it was last read"),
    Column("state", String(10), nullable=False, comment="active, paused or cancelled"),
    Column("reason", Text),
    Column("changed_at", Float, nullable=False, comment="Unix seconds"),
    CheckConstraint("state in ('active', 'paused', 'cancelled')", name="journey_state"),
)

journey_versions = Table(
    "journey_versions",
    metadata,
    Column("journey", String(28), primary_key=True),
    Column("version", String(16), primary_key=True, comment="hash of the definition"),
    Column("definition", Text, nullable=False, comment="the journey and its queries as they were, JSON"),
    Column("first_seen_at", Float, nullable=False, comment="Unix seconds"),
    comment="The definitions by which people are inside: each stays on the version in which they entered.",
)

journey_entries = Table(
    "journey_entries",
    metadata,
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
    CheckConstraint(f"state in {ENTRY_STATES!r}", name="entry_state"),
    CheckConstraint("(state = 'inside') = (step is not null)", name="entry_has_a_step"),
    comment="One row per person and trigger: where they are in the journey.",
)
Index("entries_by_due", journey_entries.c.state, journey_entries.c.due_at)
Index("entries_by_person", journey_entries.c.journey, journey_entries.c.subscriber_id)
Index("entries_by_trigger", journey_entries.c.journey, journey_entries.c.triggered_at)

journey_steps = Table(
    "journey_steps",
    metadata,
    Column("entry_id", String(36), primary_key=True),
    Column("step", String(28), primary_key=True),
    Column("outcome", String(40), nullable=False, comment="planned, yes, no, the arm, waited, or why there was no mail"),
    Column("plan_id", String(36), comment="of the mail"),
    Column("message_key", String(36)),
    Column("passed_at", Float, nullable=False, comment="Unix seconds"),
    comment="One row per person, trigger and step that is behind them: its key is what makes each step happen once.",
)

journey_plans = Table(
    "journey_plans",
    metadata,
    Column("plan_id", String(36), ForeignKey("plans.plan_id"), primary_key=True),
    Column("journey", String(28), nullable=False),
    Column("version", String(16), nullable=False),
    Column("step", String(28), nullable=False),
    comment="Which step of which journey a plan sends.",
)
Index("plans_by_journey", journey_plans.c.journey)
