"""Table rules: whether the batch as a whole is plausible."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd

from data_quality import batches
from data_quality.catalogue import rules
from data_quality.checks import STOP, WARN, Finding, check
from include.validate.landed_batch import LandedBatch
from include.validate.rule_result import RuleResult
from include.validate.schema_drift import schema_drift
from include.warehouse.connection import fetch, run


@dataclass(frozen=True)
class BatchMetrics:
    """The batch in numbers (batch_counts.sql and <relation>_batch_metrics.sql), and how it differs from the previous one.

    `unseen_rows` and `confirmed_rows` are 0 in an incremental pass.
    `reasons` are the commonest reasons for quarantine with their counts, `vanished`, `swapped`, `retyped` and `changed`
    sentences about columns, `missing_files` file names.
    """

    raw_rows: int
    valid_rows: int
    quarantined_rows: int
    known_rows: int
    unseen_rows: int
    confirmed_rows: int
    rows_without_key: int
    days_since_newest: int | None
    subscribed_rows: int = 0
    withdrawn_rows: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    vanished: tuple[str, ...] = ()
    swapped: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    missing_files: tuple[str, ...] = ()

    @property
    def held_deletions(self) -> int:
        """How many deletions a full pass would hold."""
        return batches.held_deletions(
            unseen=self.unseen_rows,
            confirmed=self.confirmed_rows,
            known=self.known_rows,
            is_whole=not (self.missing_files or self.rows_without_key),
        )


def measure(connection: duckdb.DuckDBPyConnection, batch: LandedBatch, now: datetime) -> BatchMetrics:
    """Count the landed files, the quarantine and the warehouse, each from scratch.

    Also records what the next batch is compared with: the columns, how full each is, what its values look like, and the
    files.
    """
    counted = _rows(connection, "batch_counts", batch.params)[0]
    compared = _rows(connection, f"{batch.relation}_batch_metrics", batch.params | {"now": now})[0]
    params = batch.params | {"raw_rows": counted["raw_rows"]}
    for name in ("profiles", "source_files", "source_columns", "shapes"):
        run(connection, "validate", f"{name}_delete", params)
        run(connection, "validate", f"{name}_insert", params)
    schema = schema_drift(connection, batch)
    previous = [row["file_name"] for row in _rows(connection, "source_files_previous", params)]
    return BatchMetrics(
        **counted,
        **compared,
        reasons=tuple((row["reason"], row["refused_rows"]) for row in _rows(connection, "dominant_reasons", params)),
        vanished=tuple(_vanished(connection, params)),
        swapped=tuple(_swapped(connection, batch)),
        retyped=schema.retyped,
        changed=schema.changed,
        missing_files=tuple(batches.missing_files(previous, batch.source_files)),
    )


def check_table(metrics: BatchMetrics, batch: LandedBatch) -> list[RuleResult]:
    """Evaluate every table rule."""
    row, suite = _row(metrics), batches.suite(full=batch.full)
    findings = check(pd.DataFrame([row]).astype("Float64"), suite)
    explanations = _explanations(metrics)
    return [
        _result(finding, expectation.configuration.kwargs, row, explanations)
        for finding, expectation in zip(findings, suite, strict=True)
    ]


def _result(
    finding: Finding, bounds: Mapping[str, Any], row: Mapping[str, float | None], explanations: Mapping[str, Sequence[str]]
) -> RuleResult:
    details = () if finding.success else tuple(explanations.get(finding.reason) or [_meaning(finding.reason)])
    return RuleResult(
        finding.reason, finding.column, finding.severity, finding.checked, len(finding.rows), row[bounds["column"]],
        bounds.get("min_value"), bounds.get("max_value"), details,
    )  # fmt: skip


def _row(metrics: BatchMetrics) -> dict[str, float | None]:
    """The values that the suite checks, by column."""
    known, raw = metrics.known_rows, metrics.raw_rows
    return {
        "raw_rows": raw,
        "quarantined_share": _share(metrics.quarantined_rows, raw) if raw >= batches.QUARANTINED_MIN_ROWS else None,
        "share_of_known": _share(raw, known),
        "growth": _share(raw, known) if raw >= batches.GROWTH_MIN_ROWS else None,
        "unseen_share": _share(metrics.unseen_rows, known),
        "held_deletions": metrics.held_deletions,
        "withdrawn_share": _withdrawn_share(metrics),
        "vanished_columns": len(metrics.vanished),
        "swapped_pairs": len(metrics.swapped),
        "retyped_columns": len(metrics.retyped),
        "changed_columns": len(metrics.changed),
        "missing_files": len(metrics.missing_files),
        "days_since_newest": metrics.days_since_newest,
    }


def stop_reason(results: Sequence[RuleResult], metrics: BatchMetrics, accept: Collection[str]) -> str | None:
    """Why the batch must stop, with numbers; None where it may be merged."""
    stops = [one for one in results if one.severity == STOP and one.unexpected and one.reason not in accept]
    broken = list(dict.fromkeys(one.reason for one in stops))
    if not broken:
        return None
    details = [f"the commonest reasons for quarantine are {_listed(metrics.reasons)}"] if metrics.reasons else []
    details += [sentence for one in stops for sentence in one.details]
    unseen = f", of which {metrics.unseen_rows} are not in the batch" if metrics.unseen_rows else ""
    return "; ".join(
        [
            f"{', '.join(broken)}: {metrics.raw_rows} rows landed, {metrics.quarantined_rows} of them are quarantined",
            f"the warehouse holds {metrics.known_rows}{unseen}",
            *details,
        ]
    )


def warnings(results: Sequence[RuleResult], accept: Collection[str]) -> list[str]:
    """`<rule>: <sentence>` for each broken rule of severity warning: what to know about an accepted batch."""
    ignored = {*accept, "deletions"} if "unseen_share" in accept else set(accept)
    warned = [one for one in results if one.severity == WARN and one.unexpected and one.reason not in ignored]
    return [f"{one.reason}: {sentence}" for one in warned for sentence in one.details]


def holds_deletions(metrics: BatchMetrics, batch: LandedBatch, accept: Collection[str]) -> bool:
    """Whether the merge keeps the rows that this full pass lacks, until the operator or the next full pass confirms.

    Accepting `unseen_share` accepts the deletions too.
    """
    return batch.full and not {"deletions", "unseen_share"} & set(accept) and metrics.held_deletions > 0


def _meaning(rule: str) -> str:
    """The catalogue's sentence, without its full stop and in small letters, to stand within another sentence."""
    meaning = rules()[rule].meaning.rstrip(".")
    return f"{meaning[0].lower()}{meaning[1:]}"


def _explanations(metrics: BatchMetrics) -> dict[str, Sequence[str]]:
    """By rule: sentences that say more than its name."""
    times = metrics.raw_rows / max(metrics.known_rows, 1)
    files = ", ".join(metrics.missing_files[:5]) + (", …" if len(metrics.missing_files) > 5 else "")
    return {
        "growth": [f"that is {times:.1f} times the rows in the warehouse"],
        "columns_vanished": metrics.vanished,
        "columns_swapped": metrics.swapped,
        "columns_retyped": metrics.retyped,
        "columns_changed": metrics.changed,
        "deletions": [
            f"{metrics.held_deletions} of {metrics.known_rows} known rows are missing from this full pass; their deletion "
            "is held until the next full pass lacks them too, or until an operator accepts 'deletions'"
        ],
        "withdrawals": [
            f"{metrics.withdrawn_rows} of {metrics.subscribed_rows} subscribed people are no longer subscribed; the change "
            "takes effect"
        ],
        "files_missing": [f"{len(metrics.missing_files)} files of the previous pass are missing: {files}"],
    }


def _listed(reasons: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{reason} ({count})" for reason, count in reasons)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _withdrawn_share(metrics: BatchMetrics) -> float | None:
    """None where so few withdrew that a share says nothing."""
    is_significant = metrics.withdrawn_rows > batches.FEW_WITHDRAWALS
    return _share(metrics.withdrawn_rows, metrics.subscribed_rows) if is_significant else None


def _vanished(connection: duckdb.DuckDBPyConnection, params: dict[str, Any]) -> list[str]:
    limits = {"min_rows": batches.VANISHED_MIN_ROWS, "max_share": batches.VANISHED_MAX_SHARE}
    return [
        f"{row['column_name']} was filled in {row['share_before']:.0%} of the rows before and "
        + ("is no longer in the source" if row["share_now"] is None else f"is filled in {row['share_now']:.0%} now")
        for row in _rows(connection, "columns_vanished", params | limits)
    ]


def _swapped(connection: duckdb.DuckDBPyConnection, batch: LandedBatch) -> list[str]:
    if batch.relation != "subscribers":
        return []
    return [
        f"{row['pair']} look swapped: {row['swapped_rows']} of {row['compared_rows']} rows hold each other's known values"
        for row in _rows(connection, "subscribers_swapped", batch.params)
        if row["swapped_rows"] >= max(batches.SWAPPED_MIN_ROWS, batches.SWAPPED_MIN_SHARE * row["compared_rows"])
    ]


def _rows(connection: duckdb.DuckDBPyConnection, name: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = fetch(connection, "validate", name, params).to_pylist()
    return rows
