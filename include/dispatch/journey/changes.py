"""Whether a tick has anything to do, at the price of a few look-ups: most minutes it has not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, insert, select

from include.core.paths import SQL, journey_folder
from include.ledger import consent, journeys, suppressions
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import ledger_metadata

ASK_AGAIN_SECONDS = 900.0
"""Triggers may depend on the time alone: they are asked this often even if no data changed."""
_NAME = "journeys_seen"


@dataclass(frozen=True)
class Mark:
    """Values that change with the warehouse, the answers about consent, the files and the states of journeys.

    A journey that is resumed has not been asked about while it was paused.
    """

    warehouse: str
    answers: str
    files: str
    states: str = ""


@dataclass(frozen=True)
class Seen:
    """The mark of the last tick that asked the triggers, and its time in Unix seconds."""

    mark: Mark
    at: float


def current_mark(stores: Stores) -> Mark:
    """The mark now."""
    with stores.ledger.read() as connection:
        answers = f"{suppressions.last_seq(connection)} {consent.last_seq(connection)}"
    states = " ".join(f"{state.journey}:{state.changed_at}" for state in journeys.states(stores.ledger).values())
    database = stores.paths.warehouse
    files = [*journey_folder().glob("*.yaml"), *(SQL / "journey").glob("*/*.sql")]
    return Mark(_stats([database, database.with_name(f"{database.name}.wal")]), answers, _stats(files), states)


def last_seen(ledger: Ledger) -> Seen | None:
    """What the last asking tick saw; None before the first."""
    with ledger.read() as connection:
        text = connection.scalar(select(ledger_metadata.c.value).where(ledger_metadata.c.name == _NAME))
    if text is None:
        return None
    kept = json.loads(text)
    return Seen(Mark(**kept["mark"]), kept["at"])


def saw(ledger: Ledger, mark: Mark, now: datetime) -> None:
    """Remember that the triggers were asked. `mark` is from before the warehouse was opened."""
    with ledger.write(wait_for_disk=False) as connection:
        connection.execute(delete(ledger_metadata).where(ledger_metadata.c.name == _NAME))
        value = json.dumps(asdict(Seen(mark, now.timestamp())))
        connection.execute(insert(ledger_metadata).values(name=_NAME, value=value))


def must_ask(seen: Seen | None, mark: Mark, now: datetime) -> bool:
    """Whether somebody may have entered or reached a goal since the last tick that asked, also if the clock was set back."""
    return seen is None or seen.mark != mark or abs(now.timestamp() - seen.at) >= ASK_AGAIN_SECONDS


def is_idle(stores: Stores, now: datetime) -> bool:
    """Whether a tick would do nothing: no data changed, nobody is due, and no plan is unfinished."""
    if journeys.due_steps(stores.ledger, now.timestamp()) or journeys.plan_ids(stores.ledger, states=("sending",)):
        return False
    return not must_ask(last_seen(stores.ledger), current_mark(stores), now)


def _stats(paths: list[Path]) -> str:
    found = [(path.name, path.stat()) for path in sorted(paths) if path.exists()]
    return " ".join(f"{name}:{stat.st_mtime_ns}:{stat.st_size}" for name, stat in found)
