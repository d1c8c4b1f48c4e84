"""Queries of marketers against the schema: unknown names, pointless comparisons, and DuckDB's errors in plain words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from include.core.known_columns import tables
from include.core.places import country_codes
from include.core.query import inspect_query
from include.core.query_rules import ALLOWED_TABLES
from include.core.sqlfile import load
from include.sendgrid.event_vocabulary import BOUNCE_CLASSES, EVENTS
from include.warehouse.binding import bind, column_types
from tests.segment.test_definition import write

DUCKDB = re.compile(r"Binder|Catalog|Parser|Candidate|Scalar|BIGINT|VARCHAR|INTEGER|LINE \d")


def findings(folder: Path, statement: str, params: str = "none") -> list[tuple[int, str]]:
    path = write(folder, statement, params=params)
    query, found = inspect_query(path, columns=[("subscriber_id",)], params=["as_of"], is_segment=True)
    assert query is not None
    return [(one.line, f"{one.what} {one.remedy}") for one in found or bind(query)]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("lifecycle = 'loyal'", "there is no column lifecycle in segment.features. Did you mean lifecycle_stage?"),
        ("f.lifecycle_stge = 'loyal'", "Did you mean lifecycle_stage? Known columns:"),
        ('lifecycle_stage = "loyal"', "If it is a text, write it in single quotes: 'loyal'."),
        (
            "lifecycle_stage = 'Loyal'",
            "lifecycle_stage is never 'Loyal'. Did you mean 'loyal'? Its values: active, lapsing, lost",
        ),
        ("'LOYAL' = f.lifecycle_stage", "Did you mean 'loyal'?"),
        ("lifecycle_stage <> 'Loyal'", "lifecycle_stage is never 'Loyal'."),
        ("lifecycle_stage is distinct from 'Loyal'", "lifecycle_stage is never 'Loyal'."),
        ("lifecycle_stage in ('loyal', 'activ')", "Did you mean 'active'?"),
        ("lifecycle_stage not in ('gold')", "lifecycle_stage is never 'gold'. Its values:"),
        ("(lifecycle_stage) = ('Loyal')", "lifecycle_stage is never 'Loyal'."),
        ("lifecycle_stage::text = 'Loyal'::text", "lifecycle_stage is never 'Loyal'."),
        ("case f.lifecycle_stage when 'Loyal' then true end", "lifecycle_stage is never 'Loyal'."),
        ("f.lifecycle_stage == 'Loyal'", "lifecycle_stage is never 'Loyal'."),
        ("lifecycle_stage = any(['active', 'Loyal'])", "lifecycle_stage is never 'Loyal'."),
        ("list_contains(['Loyal'], lifecycle_stage)", "lifecycle_stage is never 'Loyal'."),
        ("lower(lifecycle_stage) = 'Loyal'", "lower(lifecycle_stage) is never 'Loyal'. Did you mean 'loyal'?"),
        ("upper(f.lifecycle_stage) = 'loyal'", "upper(lifecycle_stage) is never 'loyal'. Did you mean 'LOYAL'?"),
        ("coalesce(lifecycle_stage, 'none') = 'None'", "Did you mean 'none'? Its values: active, lapsing"),
        ("lifecycle_stage like 'Loyal%'", "lifecycle_stage never looks like 'Loyal%'. Its values: active"),
        ("starts_with(lifecycle_stage, 'L')", "lifecycle_stage never looks like 'L%'."),
        ("lower(subscriber_id) = 'S1'", "lower(…) is never 'S1': it has no capital letters. Write 's1'."),
        ("lifecycle_stage = null", "compares with null, which no value is equal to or different from. Write is null"),
        ("lifecycle_stage not in ('lost', null)", "compares with null"),
        ("purchases between 5 and 3", "nothing is between a value and a smaller one."),
        ("lifecycle_stage = 'loyal' and (lifecycle_stage = 'active')", "cannot be 'loyal' and 'active' at once."),
        ("lifecycle_stage = loyal", "If it is a text, write it in single quotes: 'loyal'."),
        ("lifecycle_stage = ‘loyal’", "Write straight single quotes: 'loyal'."),
        ("country = 'DE'", "core.subscribers has it: join by subscriber_id."),
        ("engagement_level = 'cold'", "Its values: cooling, dormant, engaged, warm."),
        ("frequency_score > 5", "frequency_score is always from 1 to 5, so this comparison decides nothing."),
        ("frequency_score = 0", "frequency_score is always from 1 to 5"),
        ("6 < frequency_score", "frequency_score is always from 1 to 5"),
        ("purchases < 0", "purchases is always 0 or more"),
        ("purchases = -1", "purchases is always 0 or more"),
        ("purchases = 'many'", "purchases is a whole number and cannot be compared with 'many'."),
        ("last_purchased_at > '2026-13-01'", "last_purchased_at is a time and cannot be compared with '2026-13-01'."),
        ("lowr(lifecycle_stage) = 'loyal'", "there is no function lowr. Did you mean lower?"),
        ("purchases::intgr > 1", "there is no type"),
        ("last_purchased_at > now() - 30", "- does not work with a time, a whole number."),
        ("purchases > timestamptz '2026-01-01'", "compares a whole number with a time."),
        ("count(*) > 1", "uses aggregates in where. Write the condition after having."),
        ("lag(purchases) over () > 1", "uses window functions in where. Write the condition after qualify."),
        ("g.purchases > 1", "g is neither a table nor an alias of this query."),
        ("purchases in (select items, items from core.purchases)", "compares with a subquery of 2 columns."),
        ("purchases > (select max(itms) from core.purchases)", "there is no column itms in core.purchases"),
    ],
)
def test_a_mistake_in_a_condition_is_an_error_at_its_line(tmp_path: Path, condition: str, words: str) -> None:
    found = findings(
        tmp_path, f"select f.subscriber_id\nfrom segment.features as f\nwhere\n    f.purchases > 1\n    and {condition};\n"
    )
    assert [(line, words in text) for line, text in found] == [(10, True)], found
    assert not DUCKDB.search(found[0][1])


@pytest.mark.parametrize(
    ("statement", "line", "words"),
    [
        ("select subscriber_id\nfrom segment.features, core.subscribers", 6, "is in more than one table of this query."),
        ("select subscriber_id\nfrom segment.features\ngroup by lifecycle_stage", 6, "Add subscriber_id to group by."),
        ("with a as (\nselect subscriber_id, lifecycle_stage as stage from segment.features)\nselect subscriber_id from a\n"
         "where stage = 'Lost'", 9, "lifecycle_stage is never 'Lost'. Did you mean 'lost'?"),
        ("with a as (\nselect subscriber_id from segment.features)\nselect subscriber_id from a\nwhere stage = 1", 9,
         "there is no column stage. Known columns: subscriber_id."),
        ("with a as (\nselect * from segment.features)\nselect subscriber_id from a\nwhere lifecycle_stage = 'Lost'", 9,
         "lifecycle_stage is never 'Lost'."),
        ("with a as (\nselect * from segment.features)\nselect subscriber_id from a\nwhere nothing = 'Lost'", 9,
         "there is no column nothing."),
        ("select subscriber_id\nfrom core.subscribers\nwhere country = 'UK'", 8, "country is never 'UK'."),
        ("select subscriber_id\nfrom core.subscribers\nwhere timezone = 'Europe/Berln'", 8, "Did you mean 'Europe/Berlin'?"),
        ("select subscriber_id\nfrom core.subscribers\nwhere status = 'Subscribed'", 8, "Did you mean 'subscribed'?"),
        ("select subscriber_id\nfrom core.activities\nwhere name = 'Basket_Add'", 8, "Write 'basket_add'."),
        ("select subscriber_id\nfrom engagement.events\nwhere event = 'click'", 8, "Did you mean 'clicked'?"),
        ("select subscriber_id\nfrom segment.features\nunion\nselect subscriber_id\nfrom core.purchases\nwhere itms > 1", 11,
         "Did you mean items?"),
        ("select subscriber_id\nfrom segment.features\nwhere 1 in (select 1 from core.purchases\nwhere items > itms)", 9,
         "itms"),
    ],
)  # fmt: skip
def test_mistakes_elsewhere_are_found_too(tmp_path: Path, statement: str, line: int, words: str) -> None:
    assert any(at == line and words in text for at, text in findings(tmp_path, statement))


@pytest.mark.parametrize(
    "condition",
    [
        "lifecycle_stage in ('loyal', 'active')", "frequency_score >= 5", "frequency_score between 1 and 5",
        "last_purchased_at > '2026-12-01'", "days_since_purchase = 3.0", "list_contains([1, 2], f.purchases)",
        "len(list_filter([1, 2], x -> x > f.purchases)) > 0", "lower(lifecycle_stage) = 'loyal'", "revenue < -5",
        "upper(lifecycle_stage) in ('LOYAL')", "lifecycle_stage ilike 'Loy%'", "lifecycle_stage like 'l%'",
        "not purchases is null",
        "coalesce(lifecycle_stage, 'none') <> 'none'", "lower(f.subscriber_id) <> 's1'",
        "lifecycle_stage like 'L!%' escape '!'",
        "lifecycle_stage = 'loyal' or lifecycle_stage = 'active'",
        "lifecycle_stage is not distinct from null",
        "exists (select 1 from core.purchases as p where p.subscriber_id = f.subscriber_id and f.purchases > p.items)",
        "subscriber_id in (select subscriber_id from core.subscribers where attributes ->> 'tier' = 'Gold')",
        "last_purchased_at > current_date - interval 30 day", "case when purchases > 3 then 'Loyal' else 'x' end = 'Loyal'",
    ],
)  # fmt: skip
def test_a_sound_condition_has_no_finding(tmp_path: Path, condition: str) -> None:
    assert findings(tmp_path, f"select f.subscriber_id from segment.features as f where {condition}") == []


@pytest.mark.parametrize(
    ("params", "condition", "words"),
    [
        ("stage = 'Loyal'", "lifecycle_stage = $stage", "with stage = 'Loyal', lifecycle_stage is never 'Loyal'."),
        (
            "stages = ['loyal', 'Lost']",
            "lifecycle_stage in $stages",
            "with stages = 'Lost', lifecycle_stage is never 'Lost'.",
        ),
        ("days = -30", "days_since_purchase < $days", "with days = -30, days_since_purchase is always 0 or more"),
        ("least = 5, most = 3", "purchases between $least and $most", "nothing is between a value and a smaller one."),
        (
            "since = 'June'",
            "first_purchased_at > $since",
            "first_purchased_at is a time and cannot be compared with 'June'.",
        ),
        ("stage = 'loyal', days = 30", "lifecycle_stage = $stage and days_since_purchase < $days", ""),
    ],
)
def test_the_default_of_a_parameter_is_compared_too(tmp_path: Path, params: str, condition: str, words: str) -> None:
    found = findings(tmp_path, f"select subscriber_id\nfrom segment.features\nwhere {condition}", params)
    assert [(line, words in text) for line, text in found] == ([(8, True)] if words else [])


@pytest.mark.parametrize(
    ("statement", "line", "words"),
    [
        ("select subscriber_id\nfrom segment.features\nwhere lifecycle_stage = 'loyal", 8, "a quote ' is not closed"),
        ('select subscriber_id\nfrom segment.features\nwhere lifecycle_stage = "loyal', 8, 'a quote " is not closed'),
        ("select subscriber_id\nfrom segment.features\nwhere true /* all", 8, "a comment is not closed"),
        ("select subscriber_id\nfrom segment.features\nwhere purchases > 3,", 8, "is not SQL at ','."),
        ("select subscriber_id\nfrom segment.features\nwhere purchases in (3", 8, "it ends too early"),
        ("select subscriber_id\nfrom segment.features\nwher purchases > 3", 8, "Did you mean where instead of wher?"),
        ("select subscriber_id\nform segment.features", 7, "Did you mean from instead of form?"),
        ("selct subscriber_id\nfrom segment.features", 6, "Did you mean select instead of selct?"),
        ("select subscriber_id\nfrom segment.features\nwhere purchases > 3 and", 8, "it ends too early"),
        ("select subscriber_id\nfrom segment.features\nwhere purchases between symmetric 5 and 3", 8, "is not SQL"),
    ],
)
def test_what_is_not_sql_is_an_error_at_its_line(tmp_path: Path, statement: str, line: int, words: str) -> None:
    query, found = inspect_query(write(tmp_path, statement), columns=[("subscriber_id",)], params=["as_of"])
    assert query is None
    assert [(one.line, words in f"{one.what} {one.remedy}") for one in found] == [(line, True)], found
    assert not DUCKDB.search(found[0].what)


def test_all_unknown_columns_are_found_at_once(tmp_path: Path) -> None:
    found = findings(
        tmp_path, "select subscriber_id\nfrom segment.features\nwhere lifecycle = 'x'\nand purchase > 1\nand spend > 2"
    )
    assert [line for line, _ in found] == [8, 9, 10]


def test_the_described_columns_are_those_of_the_warehouse() -> None:
    described = {(name, column) for name, table in tables().items() for column in table.columns}
    allowed = {".".join(pair) for pair in ALLOWED_TABLES}
    assert described == {place for place in column_types() if place[0] in allowed}
    for name, table in tables().items():
        for column in (*table.values, *table.range, *table.lower_case):
            assert column in table.columns, (name, column)


def test_the_known_values_are_those_that_the_sql_and_the_contracts_produce() -> None:
    features = sqlglot.parse_one(load("warehouse", "400_features_of_runs").statement, dialect="duckdb")
    for column in ("lifecycle_stage", "engagement_level"):
        case = next(one.this for one in features.find_all(exp.Alias) if one.alias == column)
        results = [branch.args["true"] for branch in case.args["ifs"]] + [case.args["default"]]
        assert {one.this for one in results} == tables()["segment.features"].known_values(column)
    people, events = tables()["core.subscribers"], tables()["engagement.events"]
    provider = load("warehouse", "030_mailbox_provider").statement
    assert set(re.findall(r"(?:then|else) '(\w+)'", provider)) == people.known_values("mailbox_provider")
    from data_quality.subscribers import STATUSES

    assert set(STATUSES) == people.known_values("status")
    assert country_codes() == people.known_values("country")
    assert set(EVENTS.values()) == events.known_values("event")
    assert {*BOUNCE_CLASSES.values(), "soft"} == events.known_values("bounce_class")
    verdict = load("collect", "classify").statement.partition("verdict = case")[2].partition("end,")[0]
    assert set(re.findall(r"(?:then|else) '(\w+)'", verdict)) == events.known_values("verdict")
