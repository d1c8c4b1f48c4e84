"""How the SQL file of a kept table declares the way it is built: the header field `rebuild` of `include/sql/analyze/*.sql`.

    (no field)          as a whole by each build
    by <key>            the rows of the keys that changed since the last build: one of `KEYS`
    by segments         as a whole, after a run of the segments
    by difference       counts: those of the changed messages as they are now, less those as they were; `groups` names the
                        columns that are no counts

How the statement of such a file is written: `include/analyze/rebuild.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from include.core.errors import ConfigurationError
from include.core.sqlfile import SqlFile
from include.core.suggestion import suggest

KEYS = {
    "message": ("message_key",),
    "mail": ("message_key",),
    "plan": ("plan_id",),
    "event day": ("day",),
    "bounce day": ("day",),
    "engaged occurrence": ("campaign", "occurrence"),
    "clicked occurrence": ("campaign", "occurrence"),
    "revenue plan": ("plan_id",),
    "experiment": ("campaign", "occurrence"),
    "buyer": ("subscriber_id",),
    "person month": ("subscriber_id", "month"),
    "purchase day": ("day",),
}
"""The columns of each key. What changed of it is found by `include/sql/analyze/changes/<key>s.sql`."""
_COMPUTED = {"purchase day": {"day": "utc_day(purchased_at)"}}
"""Columns of a key that its tables do not have, but compute."""
DIFFERENCE, SEGMENTS = "difference", "segments"
_HEAD = re.compile(r"\s*create or replace table (?P<table>\w+\.\w+) as\s+(?P<select>.*?);?\s*", re.DOTALL)


@dataclass(frozen=True)
class Rebuild:
    """`by` is a key, `DIFFERENCE`, `SEGMENTS`, or None; `columns` are the key, or the groups of counts."""

    by: str | None
    columns: tuple[str, ...]
    table: str
    select: str

    @property
    def expressions(self) -> tuple[str, ...]:
        """The columns as the table has or computes them."""
        return tuple(_COMPUTED.get(str(self.by), {}).get(column, column) for column in self.columns)

    @property
    def key(self) -> str:
        """The key of a row of the table as one text, by which the published file replaces rows."""
        return _text(self.expressions)

    @property
    def changed_key(self) -> str:
        """The same of a row of the temporary table with the changed keys."""
        return _text(self.columns)


def _text(columns: tuple[str, ...]) -> str:
    """One column stays as it is, for scans."""
    texts = [f"{column}::varchar" for column in columns]
    return texts[0] if len(texts) == 1 else f"concat_ws(' ', {', '.join(texts)})"


def rebuild_of(file: SqlFile) -> Rebuild:
    """What the file declares. Raises `ConfigurationError` for a way that does not exist, or another kind of statement."""
    declared = file.extra.get("rebuild")
    head = _HEAD.fullmatch(file.statement)
    if declared is None:
        return Rebuild(None, (), head["table"] if head else "", head["select"] if head else "")
    by = declared.removeprefix("by ")
    known = [*KEYS, DIFFERENCE, SEGMENTS]
    if by not in known:
        raise _wrong(file, f"declares `rebuild: {declared}`, which does not exist", suggest(by, known, kind="keys"))
    if not head:
        raise _wrong(file, "declares `rebuild` and is no `create or replace table … as`", "Write it so.")
    groups = tuple(name.strip() for name in file.extra.get("groups", "").split(",") if name)
    return Rebuild(by, KEYS.get(by, groups), head["table"], head["select"])


def _wrong(file: SqlFile, what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"{what}.", where=str(file.path), remedy=remedy)
