"""A copy of the consent log outside of the ledger: it shows rows that are missing at the end, and restores them.

`spool/consent.log` has one line of JSON per row, in order, with its hashes and the text of its wording: keys and times, no
address. The edge appends after each answer, the nightly check whatever is missing. `opt_out_log.py` does the same for
unsubscribes.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from include.core import clock
from include.core.errors import ConsentChainBroken, TradewindError
from include.core.paths import DataPaths
from include.ledger import consent, consent_chain, watermarks
from include.ledger.consent_chain import ChainCheck, Head
from include.ledger.database import Ledger
from include.ledger.tables import consent_log, consent_wordings

NAME = "consent.log"
WHERE = f"spool/{NAME}"
ACCEPTED = "consent/accepted"
"""Watermark: when an operator accepted the log as it was."""
_ROWS = 1_000
"""Lines appended at once; the edge appends at most these after an answer."""
_TAIL_BYTES = 65_536
log = logging.getLogger(__name__)


def append_new(paths: DataPaths, ledger: Ledger) -> None:
    """Append the rows since the last line, durably. Never raises, since the ledger has them; a failure is logged."""
    try:
        catch_up(paths, ledger, at_most=_ROWS)
    except (OSError, SQLAlchemyError, TradewindError) as error:
        log.error("consent could not be appended to %s (%s)", WHERE, type(error).__name__)


def catch_up(paths: DataPaths, ledger: Ledger, *, at_most: int | None = None) -> int:
    """Append the rows of the log that follow the last line; returns how many.

    0 if the ledger lacks that line's row: then rows are missing from the ledger, and the check says so.
    """
    appended = 0
    while at_most is None or appended < at_most:
        count = _append_rows(paths, ledger)
        if not count:
            break
        appended += count
    return appended


def _append_rows(paths: DataPaths, ledger: Ledger) -> int:
    """Append up to `_ROWS` rows. The lock is held for these only, so that the edge does not wait for a long catching up."""
    with _locked(paths) as handle:
        rows = _rows_after(ledger, newest(paths) or Head(0, consent_chain.GENESIS))
        if rows:
            os.write(handle, b"".join(b"\n" + json.dumps(row).encode() + b"\n" for row in rows))
            os.fsync(handle)
        return len(rows)


def newest(paths: DataPaths) -> Head | None:
    """The head that the journal's last line has; None if there is none."""
    try:
        with (paths.spool / NAME).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            rows = list(_parsed(file))
    except FileNotFoundError:
        return None
    return Head(rows[-1]["seq"], rows[-1]["row_hash"], WHERE) if rows else None


def check(paths: DataPaths, ledger: Ledger, anchors: Iterable[Head] = ()) -> ChainCheck:
    """Check the log's chain against the journal's last line and further `anchors`, which were read before this call."""
    known = [*filter(None, [newest(paths)]), *anchors]
    with ledger.read() as connection:
        return consent_chain.check(connection, ledger.chain_key, known)


def replay(paths: DataPaths, ledger: Ledger) -> int:
    """Append the journal's rows to a ledger that lacks them, as after a restore from a backup; returns how many.

    Only rows that continue the ledger's chain, with their own hashes. If the ledger got other answers since, nothing is
    appended, and the check says where they part.
    """
    with ledger.write() as connection:
        consent.serialise_writers(connection)
        return _replay_into(connection, paths, ledger.chain_key)


def rebuild(paths: DataPaths, ledger: Ledger) -> int:
    """Replace the rows of the log by the journal's; returns how many there are.

    Raises `ConsentChainBroken` and changes nothing if the journal is damaged itself, or lacks rows that the ledger has.
    """
    with ledger.write() as connection:
        consent.serialise_writers(connection)
        head = consent_chain.next_link(connection)
        for table in (consent_log, consent_wordings):
            connection.execute(delete(table))
        consent_chain.delete_head(connection)
        restored = _replay_into(connection, paths, ledger.chain_key)
        result = consent_chain.check(connection, ledger.chain_key, [head, *filter(None, [newest(paths)])])
        if result.fault:
            raise ConsentChainBroken(
                f"the journal cannot replace the log: with its rows, {result.fault}.",
                where=WHERE,
                remedy=f"Nothing was changed. Restore the ledger from a backup instead ({consent_chain.PAGE}).",
            )
    return restored


def _replay_into(connection: Connection, paths: DataPaths, key: bytes) -> int:
    head = consent_chain.next_link(connection)
    restored = 0
    for row in _lines(paths):
        if row["seq"] <= head.seq:
            continue
        if row["previous_hash"] != head.row_hash or consent_chain.row_hash(key, row) != row["row_hash"]:
            break
        _insert(connection, row)
        head, restored = Head(row["seq"], row["row_hash"]), restored + 1
    if restored:
        consent_chain.write_head(connection, head)
    return restored


def accept(paths: DataPaths, ledger: Ledger) -> Path | None:
    """Take the ledger's log as it is: set the journal aside and start a new one; returns where the old one is.

    For a ledger from a backup that got new answers before the journal was replayed. Raises `ConsentChainBroken` if the log's
    own chain is broken. The published heads of before are not compared again (`accepted_at`).
    """
    with ledger.read() as connection:
        consent_chain.check(connection, ledger.chain_key).require_intact()
    watermarks.put(ledger, ACCEPTED, clock.now().timestamp())
    aside = _set_aside(paths)
    catch_up(paths, ledger)
    return aside


def accepted_at(ledger: Ledger) -> float:
    """When an operator last accepted the log as it was (Unix seconds); 0 if never. Earlier heads prove nothing about it."""
    return watermarks.get(ledger, ACCEPTED) or 0.0


def _set_aside(paths: DataPaths) -> Path | None:
    with _locked(paths):
        last = newest(paths)
        return (paths.spool / NAME).rename(paths.spool / f"{NAME}.{last.seq}-{last.row_hash[:8]}") if last else None


def _insert(connection: Connection, row: dict[str, Any]) -> None:
    wording, text = row["wording"], row.pop("wording_text")
    if wording and not connection.scalar(select(consent_wordings.c.wording).where(consent_wordings.c.wording == wording)):
        known = {"wording": wording, "text": text, "first_used_at": row["recorded_at"]}
        connection.execute(insert(consent_wordings).values(known))
    connection.execute(insert(consent_log).values(row))


def _rows_after(ledger: Ledger, last: Head) -> list[dict[str, Any]]:
    """The next rows with the texts of their wordings; none if the ledger's row `last.seq` is not the journal's."""
    with ledger.read() as connection:
        limit = _ROWS + (last.seq > 0)
        rows = [dict(row._mapping) for row in consent_chain.rows_after(connection, last.seq - 1, limit)]
        if last.seq:
            first, *rows = rows or [{"row_hash": None}]
            if first["row_hash"] != last.row_hash:
                log.error("%s ends with row %d, which the ledger lacks or has otherwise", WHERE, last.seq)
                return []
        named = {row["wording"] for row in rows if row["wording"]}
        query = select(consent_wordings.c.wording, consent_wordings.c.text).where(consent_wordings.c.wording.in_(named))
        texts = {row.wording: row.text for row in connection.execute(query)}
    return [row | {"wording_text": texts.get(row["wording"])} for row in rows]


@contextmanager
def _locked(paths: DataPaths) -> Iterator[int]:
    """The journal, open for appending by this process alone."""
    paths.spool.mkdir(parents=True, exist_ok=True)
    handle = os.open(paths.spool / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _lines(paths: DataPaths) -> Iterator[dict[str, Any]]:
    try:
        with (paths.spool / NAME).open("rb") as file:
            yield from _parsed(file)
    except FileNotFoundError:
        return


def _parsed(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Every complete line. A torn one, left by a full disk, is followed by the same row again."""
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row
