"""Drift rules: compares a batch with the earlier runs of the same source and relation, and says in words what changed."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import duckdb
import pandas as pd

from data_quality import drift
from data_quality.catalogue import rules
from data_quality.checks import Finding, check
from data_quality.drift import FULL, INCREMENTAL, JUMPS, MIN_ROWS, MIN_RUNS, WINDOW_RUNS, Bounds, Part, Sensitivity
from include.validate.landed_batch import LandedBatch
from include.validate.rule_result import RuleResult
from include.warehouse.connection import fetch, run

VALUE_COLUMNS = ("status", "country", "locale", "mailbox_provider", "currency", "kind", "name")
CONSENTS = {"consent": "complete proof of consent", "tracking_consent": "consent to tracking"}


@dataclass
class RunCounts:
    """One run in counts: filled values by column, rows by column and value, and the rules that an operator accepted."""

    rows: int
    accepted: frozenset[str] = frozenset()
    filled: dict[str, int] = field(default_factory=dict)
    values: defaultdict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def part(self, column: str, value: str, *others: str) -> Part | None:
        """How many rows have the value, of those with it or one of the others; None where there are none."""
        counts = self.values.get(column, {})
        whole = sum(counts.get(one, 0) for one in (value, *others))
        return (counts.get(value, 0), whole) if whole else None


@dataclass(frozen=True)
class Measure:
    """A value of the batch with its bounds; `sentence` says how it differs. `position` and `beyond`: `drift.Bounds`."""

    family: str
    column: str
    observed: float
    low: float
    high: float
    position: float
    beyond: float
    sentence: str


def check_drift(connection: duckdb.DuckDBPyConnection, batch: LandedBatch, raw_rows: int) -> list[RuleResult]:
    """Evaluate the drift rules, and record the batch's distributions for later runs.

    A family of measures without enough earlier runs gives one result with nothing checked. Reads quality.profiles of the
    run, so `table_rules.measure` runs before.
    """
    for name in ("distributions_delete", f"{batch.relation}_distributions", "distributions_insert"):
        run(connection, "validate", name, batch.params)
    now, earlier = _runs(connection, batch, raw_rows)
    return _results(list(measures(now, earlier, batch.relation, full=batch.full)), batch)


def _runs(connection: duckdb.DuckDBPyConnection, batch: LandedBatch, raw_rows: int) -> tuple[RunCounts, list[RunCounts]]:
    """The counts of this run and of the earlier ones, newest first."""
    limits = {"min_rows": MIN_ROWS, "window_runs": WINDOW_RUNS}
    known = fetch(connection, "validate", "drift_runs", batch.params | limits).to_pylist()
    runs = {batch.run: RunCounts(raw_rows)}
    runs |= {row["landed_run"]: RunCounts(row["raw_rows"], frozenset(row["accepted"])) for row in known}
    params = {"relation": batch.relation, "runs": list(runs)}
    for row in fetch(connection, "validate", "drift_counts", params).to_pylist():
        if row["value"] is None:
            runs[row["landed_run"]].filled[row["column_name"]] = row["value_rows"]
        else:
            runs[row["landed_run"]].values[row["column_name"]][row["value"]] = row["value_rows"]
    now, *earlier = runs.values()
    return now, earlier


def _known(earlier: list[RunCounts], family: str) -> list[RunCounts]:
    """The runs to learn from: those since the operator last accepted a change of this family."""
    names = {f"{family}_drift", f"{family}_jump"}
    last = next((number for number, one in enumerate(earlier) if one.accepted & names), len(earlier))
    return earlier[: last + 1]


def measures(now: RunCounts, earlier: list[RunCounts], relation: str, *, full: bool) -> Iterator[Measure]:
    """What can be compared: nothing of a small batch, nothing with fewer than `MIN_RUNS` earlier runs (newest first)."""
    if now.rows < MIN_ROWS:
        return
    sensitivity = FULL if full else INCREMENTAL
    yield from _volume(now, _known(earlier, "volume"), relation, sensitivity)
    yield from _empty_values(now, _known(earlier, "null_share"), relation, sensitivity)
    yield from _consents(now, _known(earlier, "consent"), relation, sensitivity)
    yield from _domain(now, _known(earlier, "domain"), sensitivity)
    yield from _values(now, _known(earlier, "value"), relation, sensitivity)


def _volume(now: RunCounts, known: list[RunCounts], relation: str, sensitivity: Sensitivity) -> Iterator[Measure]:
    if len(known) < MIN_RUNS:
        return
    bounds, observed = drift.volume_bounds([one.rows for one in reversed(known)], sensitivity.volume), math.log(now.rows)
    counts = [one.rows for one in known]
    yield Measure(
        "volume", "rows", now.rows, math.exp(bounds.low), math.exp(bounds.high), bounds.position(observed),
        bounds.beyond(observed), f"{now.rows:,} rows of {relation} were read; in the last {len(known)} runs there were "
        f"{min(counts):,} to {max(counts):,}",
    )  # fmt: skip


def _empty_values(now: RunCounts, known: list[RunCounts], relation: str, sensitivity: Sensitivity) -> Iterator[Measure]:
    for column, filled in now.filled.items():
        earlier = [(one.rows - one.filled[column], one.rows) for one in known if column in one.filled]
        said = f"of {relation} have no {column}"
        yield from _share("null_share", column, (now.rows - filled, now.rows), earlier, said, sensitivity)


def _consents(now: RunCounts, known: list[RunCounts], relation: str, sensitivity: Sensitivity) -> Iterator[Measure]:
    for column, what in CONSENTS.items():
        earlier = [part for one in known if (part := one.part(column, "yes", "no"))]
        people = "subscribed people" if column == "consent" else relation
        said = f"of {people} have {what}"
        yield from _share("consent", column, now.part(column, "yes", "no"), earlier, said, sensitivity)


def _domain(now: RunCounts, known: list[RunCounts], sensitivity: Sensitivity) -> Iterator[Measure]:
    earlier = [part for one in known if (part := one.part("domain", "largest", "other"))]
    said = "of the addresses are at one domain"
    yield from _share("domain", "email", now.part("domain", "largest", "other"), earlier, said, sensitivity)


def _share(
    family: str, column: str, now: Part | None, earlier: Sequence[Part], said: str, sensitivity: Sensitivity
) -> Iterator[Measure]:
    """A measure that is a share of rows, where there are enough earlier runs."""
    if now is None or now[1] < MIN_ROWS or len(earlier) < MIN_RUNS:
        return
    observed, bounds = now[0] / now[1], drift.share_bounds(earlier, now[1], sensitivity.share)
    yield _measure(family, column, observed, bounds, f"{_percent(observed)} {said}; {_before(earlier)}")


def _values(now: RunCounts, known: list[RunCounts], relation: str, sensitivity: Sensitivity) -> Iterator[Measure]:
    for column in VALUE_COLUMNS:
        earlier = [one.values[column] for one in known if column in one.values]
        counts = now.values.get(column, {})
        if not counts or len(earlier) < MIN_RUNS:
            continue
        moved, bounds, value = drift.value_shift(counts, earlier, sensitivity.values)
        shares = [(one.get(value, 0), sum(one.values())) for one in earlier]
        share = counts.get(value, 0) / sum(counts.values())
        said = f"of {relation} have {column} '{value}'"
        yield _measure("value", column, moved, bounds, f"{_percent(share)} {said}; {_before(shares)}")


def _measure(family: str, column: str, observed: float, bounds: Bounds, sentence: str) -> Measure:
    position, beyond = bounds.position(observed), bounds.beyond(observed)
    return Measure(family, column, observed, bounds.low, bounds.high, position, beyond, sentence)


def _before(earlier: Sequence[Part]) -> str:
    shares = [part / whole for part, whole in earlier]
    least, most = _percent(min(shares)), _percent(max(shares))
    return f"in the last {len(shares)} runs it was {most if least == most else f'{least[:-2]} to {most}'}"


def _percent(share: float) -> str:
    """A share as people write it: 34 %, 2.5 %, 0 %."""
    return f"{share * 100:.0f} %" if share >= 0.095 or share == 0 else f"{share * 100:.1f} %"


def _results(found: list[Measure], batch: LandedBatch) -> list[RuleResult]:
    findings = {one.reason: one for one in check(_frame(found), drift.suite())} if found else {}
    results = []
    for family in JUMPS:
        of_family = [(number, one) for number, one in enumerate(found) if one.family == family]
        results += [one for number, measure in of_family for one in _result(findings, number, measure, batch)]
        if not of_family:
            results.append(RuleResult(f"{family}_drift", "not enough runs", rules()[f"{family}_drift"].severity, 0, 0))
    return results


def _frame(found: list[Measure]) -> pd.DataFrame:
    columns = [f"{family}_{kind}" for family in JUMPS for kind in ("drift", "jump")]
    frame = pd.DataFrame(index=range(len(found)), columns=columns)
    for number, one in enumerate(found):
        frame.loc[number, f"{one.family}_drift"] = one.position
        frame.loc[number, f"{one.family}_jump"] = one.beyond / JUMPS[one.family]
    return frame.astype("Float64")


def _result(findings: dict[str, Finding], number: int, measure: Measure, batch: LandedBatch) -> Iterator[RuleResult]:
    """The drift of a measure, and in a full pass its jump; a jump has the sentence where both rules are broken."""
    drifted, jumped = (findings[f"{measure.family}_{kind}"] for kind in ("drift", "jump"))
    stops = batch.full and number in jumped.rows
    for one, is_broken in ((drifted, number in drifted.rows), (jumped, stops)):
        if one is drifted or stops:
            said = (measure.sentence,) if is_broken and (one is jumped or not stops) else ()
            yield RuleResult(
                one.reason,
                measure.column,
                one.severity,
                1,
                int(is_broken),
                measure.observed,
                measure.low,
                measure.high,
                said,
            )
