"""Table rules: may the batch as a whole be believed?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd

from data_quality import batches
from data_quality.checks import STOP, WARN, Finding, check
from include.validate.landed import Landed
from include.warehouse.connection import fetch, run

SILENT = frozenset({"freshness"})
"""A small list may be quiet for a week: on the page, and nobody is told."""


@dataclass(frozen=True)
class Facts:
    """The batch in numbers (include/sql/validate/<relation>_facts.sql), and what differs from the batch before.

    `reasons` are the commonest reasons of refusal with their counts, `vanished` and `swapped` sentences about columns,
    `missing` names of files.
    """

    raw_rows: int
    valid_rows: int
    quarantined_rows: int
    known_rows: int
    unseen_rows: int
    agreed_rows: int
    rows_without_key: int
    days_since_newest: int | None
    subscribed_rows: int = 0
    withdrawn_rows: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    vanished: tuple[str, ...] = ()
    swapped: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def held_deletions(self) -> int:
        """How many deletions a full pass would hold."""
        return batches.held_deletions(
            unseen=self.unseen_rows,
            agreed=self.agreed_rows,
            known=self.known_rows,
            is_whole=not (self.missing or self.rows_without_key),
        )


def facts(connection: duckdb.DuckDBPyConnection, batch: Landed, now: datetime) -> Facts:
    """Counted afresh from the landed files, the quarantine and the warehouse, none derived from another.

    Also records what the batch after this one is compared with: how full each column is, and the files.
    """
    counted = _rows(connection, f"{batch.relation}_facts", batch.params | {"now": now})[0]
    params = batch.params | {"raw_rows": counted["raw_rows"]}
    for name in ("profiles", "source_files"):
        run(connection, "validate", f"{name}_forget", params)
        run(connection, "validate", f"{name}_record", params)
    before = [row["file_name"] for row in _rows(connection, "source_files_before", params)]
    return Facts(
        **counted,
        reasons=tuple((row["reason"], row["refused_rows"]) for row in _rows(connection, "dominant_reasons", params)),
        vanished=tuple(_vanished(connection, params)),
        swapped=tuple(_swapped(connection, batch)),
        missing=tuple(batches.missing_files(before, batch.source_files)),
    )


def judge(numbers: Facts, batch: Landed) -> list[Finding]:
    """What each table rule found."""
    known, subscribed = numbers.known_rows, numbers.subscribed_rows
    many = numbers.raw_rows >= batches.GROWTH_FROM_ROWS
    row = {
        "raw_rows": numbers.raw_rows,
        "quarantined_share": _share(numbers.quarantined_rows, numbers.raw_rows, numbers.raw_rows >= batches.SHARE_FROM_ROWS),
        "share_of_known": _share(numbers.raw_rows, known),
        "growth": _share(numbers.raw_rows, known, many),
        "unseen_share": _share(numbers.unseen_rows, known),
        "held_deletions": numbers.held_deletions,
        "withdrawn_share": _share(numbers.withdrawn_rows, subscribed, numbers.withdrawn_rows > batches.FEW_WITHDRAWALS),
        "vanished_columns": len(numbers.vanished),
        "swapped_pairs": len(numbers.swapped),
        "missing_files": len(numbers.missing),
        "days_since_newest": numbers.days_since_newest,
    }
    return check(pd.DataFrame([row]).astype("Float64"), batches.suite(full=batch.full))


def stop_reason(findings: list[Finding], numbers: Facts, accept: Collection[str]) -> str | None:
    """Why the batch must stop, in a sentence with its numbers; None where it may go on."""
    stops = [finding for finding in findings if finding.severity == STOP and finding.reason not in accept]
    broken = [finding.reason for finding in stops if not finding.success]
    if not broken:
        return None
    details = [_COMMONEST.format(_listed(numbers.reasons))] if numbers.reasons else []
    details += [sentence for rule, sentences in _explained(numbers).items() if rule in broken for sentence in sentences]
    return "; ".join(
        [
            f"{', '.join(broken)}: {numbers.raw_rows} rows landed, {numbers.quarantined_rows} of them quarantined",
            f"the warehouse holds {numbers.known_rows}, of which {numbers.unseen_rows} are not in the batch",
            *details,
        ]
    )


def warnings(findings: list[Finding], numbers: Facts, accept: Collection[str]) -> list[str]:
    """What a person should know of a batch that goes on: a sentence for each broken rule of severity warning."""
    warned = [finding for finding in findings if finding.severity == WARN and finding.reason not in {*accept, *SILENT}]
    broken = [finding.reason for finding in warned if not finding.success]
    if "unseen_share" in accept and "deletions" in broken:
        broken.remove("deletions")
    explained = _explained(numbers)
    return [f"{rule}: {sentence}" for rule in broken for sentence in explained[rule]]


def holds_deletions(numbers: Facts, batch: Landed, accept: Collection[str]) -> bool:
    """Whether the merge keeps what this full pass does not show, until a person or the next full pass agrees.

    Who accepts that a third of the list is missing accepts that it goes.
    """
    return batch.full and not {"deletions", "unseen_share"} & set(accept) and numbers.held_deletions > 0


_COMMONEST = "the commonest reasons of refusal are {}"


def _explained(numbers: Facts) -> dict[str, Sequence[str]]:
    """By rule: sentences that say more than its name."""
    times = numbers.raw_rows / max(numbers.known_rows, 1)
    files = ", ".join(numbers.missing[:5]) + (", …" if len(numbers.missing) > 5 else "")
    return {
        "growth": [f"that is {times:.1f} times what is known"],
        "columns_vanished": numbers.vanished,
        "columns_swapped": numbers.swapped,
        "deletions": [
            f"{numbers.held_deletions} of {numbers.known_rows} known rows are missing from this full pass; they are held "
            "until the next full pass misses them too or somebody accepts 'deletions'"
        ],
        "withdrawals": [f"{numbers.withdrawn_rows} of {numbers.subscribed_rows} subscribed people no longer are; it counts"],
        "files_missing": [f"{len(numbers.missing)} files of the pass before are missing: {files}"],
    }


def _listed(reasons: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{reason} ({count})" for reason, count in reasons)


def _share(part: int, whole: int, tells: bool = True) -> float | None:
    return part / whole if whole and tells else None


def _vanished(connection: duckdb.DuckDBPyConnection, params: dict[str, Any]) -> list[str]:
    limits = {"sure_rows": batches.SURE_ROWS, "left_share": batches.LEFT_SHARE}
    return [
        f"{row['column_name']} was filled in {row['share_before']:.0%} of the rows before and "
        + ("is not shown by the source any more" if row["share_now"] is None else f"is filled in {row['share_now']:.0%} now")
        for row in _rows(connection, "columns_vanished", params | limits)
    ]


def _swapped(connection: duckdb.DuckDBPyConnection, batch: Landed) -> list[str]:
    if batch.relation != "subscribers":
        return []
    return [
        f"{row['pair']} look swapped: {row['swapped_rows']} of {row['compared_rows']} rows hold each other's known values"
        for row in _rows(connection, "subscribers_swapped", batch.params)
        if row["swapped_rows"] >= max(batches.SWAPPED_ROWS, batches.SWAPPED_SHARE * row["compared_rows"])
    ]


def _rows(connection: duckdb.DuckDBPyConnection, name: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    return fetch(connection, "validate", name, params).to_pylist()
