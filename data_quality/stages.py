"""The suites for segments, sends, events and marts: rules over the rows of include/sql/validate/<stage>_checks.sql.

Each of these rows is about one segment, plan or mart and has the column `item`, its name; the others are numbers. A rule is
a column with its highest value, and the words that a broken one adds about its item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_quality.checks import rule

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

MAX_IN_DOUBT_SHARE = 0.01
MAX_SUPPRESSED_SHARE = 0.5
MAX_UNMATCHED_SHARE = 0.05
MAX_LATE_SHARE = 0.01
MIN_ROWS = 100
"""Shares of fewer rows are null: they say nothing."""


@dataclass(frozen=True)
class StageRule:
    """One rule: `column` is at most `highest` and at least 0. `words` are filled with the columns of the row."""

    name: str
    column: str
    words: str
    highest: float = 0.0

    def sentence(self, row: Mapping[str, Any]) -> str:
        """What is wrong with the item of the row."""
        return f"{row['item']}: {self.words.format_map(row)}"


STAGES: dict[str, tuple[StageRule, ...]] = {
    "segments": (
        StageRule("segment_stopped", "stopped", "{stop_reason}"),
        StageRule("segment_emptied", "emptied", "no member; the previous run had {previous_members:,}"),
        StageRule("segment_empty", "always_empty", "no member, and none in the previous run"),
        StageRule("segment_everybody", "everybody", "all {list_size:,} people are members; before, it was {previous:.0%}"),
        StageRule("segment_share_drift", "outside", "{share:.1%} of the list are members; it was {least:.1%} to {most:.1%}"),
    ),
    "sends": (
        StageRule("send_states", "missing", "{selected:,} people were selected, and {counted:,} have a state"),
        StageRule("send_duplicates", "duplicates", "{duplicates:,} people are in the plan twice"),
        StageRule("send_state_unknown", "unknown_states", "{unknown_states:,} people have an unknown state"),
        StageRule("send_time_order", "sent_early", "{sent_early:,} messages were sent before they were planned"),
        StageRule(
            "send_in_doubt",
            "in_doubt_share",
            "of {in_doubt_share:.1%} nobody knows if they were sent",
            MAX_IN_DOUBT_SHARE,
        ),
        StageRule("send_suppressed", "suppressed_share", "{suppressed_share:.0%} are suppressed", MAX_SUPPRESSED_SHARE),
    ),
    "events": (
        StageRule("event_duplicates", "duplicates", "{duplicates:,} events are stored twice"),
        StageRule("event_kind_unknown", "unknown_kinds", "{unknown_kinds:,} events are of an unknown kind"),
        StageRule(
            "event_unmatched", "unmatched_share", "{unmatched_share:.1%} belong to no known message", MAX_UNMATCHED_SHARE
        ),
        StageRule("event_before_send", "early_share", "{early_share:.1%} are older than their message", MAX_LATE_SHARE),
        StageRule("event_from_future", "future_share", "{future_share:.1%} are newer than their arrival", MAX_LATE_SHARE),
    ),
    "marts": (
        StageRule("mart_sums", "broken_sums", "in {broken_sums:,} rows the parts do not add up to the whole"),
        StageRule("mart_rates", "impossible_rates", "{impossible_rates:,} rates are no share of what they are a share of"),
        StageRule("mart_negative", "negative_counts", "{negative_counts:,} rows have a count below zero"),
        StageRule("mart_duplicates", "duplicates", "{duplicates:,} rows have the key of another row"),
        StageRule("mart_rates_over_one", "rates_over_one", "{rates_over_one:,} rates are over 100 %"),
    ),
}


def suite(stage: str) -> list[Expectation]:
    """The rules of a stage."""
    from data_quality.within import ExpectColumnValuesToBeWithin

    return [
        ExpectColumnValuesToBeWithin(column=one.column, min_value=0.0, max_value=one.highest, **rule(one.name, one.column))
        for one in STAGES[stage]
    ]
