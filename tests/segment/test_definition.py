"""Validation of segment definitions."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.core.paths import PROJECT
from include.core.query_rules import ALLOWED_TABLES
from include.segment.definition import definition_paths, read_definition

HEADER = "-- name: {name}\n-- owner: marketing\n-- grain: one row per subscriber\n-- params: {params}\n-- purpose: A test.\n"
CONTRACT = {
    "newsletter_readers",
    "new_subscribers",
    "active_customers",
    "loyal_customers",
    "lapsing_customers",
    "lost_customers",
    "big_spenders",
    "dormant_readers",
}


def write(folder: Path, statement: str, *, name: str = "tried", params: str = "none") -> Path:
    path = folder / f"{name}.sql"
    path.write_text(HEADER.format(name=name, params=params) + statement)
    return path


def test_segments_of_the_campaigns_exist_and_are_valid() -> None:
    definitions = [read_definition(path) for path in definition_paths()]

    assert {definition.segment for definition in definitions} >= CONTRACT


def test_every_shipped_segment_has_a_case() -> None:
    cases = PROJECT / "tests" / "sql" / "segment" / "definitions"
    segments = [path.stem for path in definition_paths()]

    assert len(segments) > 30
    assert [segment for segment in segments if not list((cases / segment).glob("*/expect.yaml"))] == []


@pytest.mark.parametrize(
    ("statement", "params"),
    [
        ("select subscriber_id from segment.features;", "none"),
        ("select f.subscriber_id from segment.features as f join core.subscribers as s using (subscriber_id)", "none"),
        ("with spent as (select * from core.purchases) select subscriber_id from spent group by all", "none"),
        ("select subscriber_id from core.activities where properties ->> 'genre' = 'jazz'", "none"),
        ("select subscriber_id from segment.activity_counts where name = 'sign_in' and in_7_days > 2", "none"),
        ("select subscriber_id from core.purchases union select subscriber_id from engagement.events", "none"),
        ("select subscriber_id from core.subscribers where signed_up_at > $as_of::timestamptz - interval 3 day", "as_of"),
        (
            "select subscriber_id from segment.features where purchases > (select avg(purchases) from segment.features)",
            "none",
        ),
        ("select subscriber_id from core.subscribers where attributes->>'$.tier' = 'gold'", "none"),
        (
            "select a.subscriber_id from core.purchases as a join (select subscriber_id from core.purchases) as b "
            "on a.subscriber_id = b.subscriber_id",
            "none",
        ),
    ],
)
def test_query_on_allowed_tables_is_valid(tmp_path: Path, statement: str, params: str) -> None:
    definition = read_definition(write(tmp_path, statement, params=params))

    assert definition.statement == statement.rstrip(";")
    assert ("as_of" in definition.query.params) == (params == "as_of")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "select p.subscriber_id from core.purchases as p join core.subscribers as p on p.subscriber_id <> ''",
            "line 6: reads two tables that are both named p. Name each of them",
        ),
        ("delete from segment.features", "exactly one SELECT"),
        ("drop table core.subscribers", "exactly one SELECT"),
        ("create table x as select subscriber_id from segment.features", "exactly one SELECT"),
        ("select subscriber_id from segment.features; drop table core.subscribers", "exactly one SELECT"),
        ("select subscriber_id from segment.features; select 1", "exactly one SELECT"),
        ("copy (select 1) to '/tmp/x'", "exactly one SELECT"),
        ("attach '/tmp/x.db'", "exactly one SELECT"),
        ("install httpfs", "exactly one SELECT"),
        ("pragma database_list", "exactly one SELECT"),
        ("set memory_limit = '9GB'", "exactly one SELECT"),
        ("", "exactly one SELECT"),
        ("select subscriber_id from core.identities", "core.identities"),
        ("select subscriber_id from CORE.Identities", "CORE.Identities"),
        ('select subscriber_id from "core"."identities"', "core.identities"),
        ("select subscriber_id from tradewind.core.identities", "core.identities"),
        (
            "select subscriber_id from segment.features where subscriber_id in (select email from core.identities)",
            "identities",
        ),
        ("with core as (select 1) select subscriber_id from core.identities", "core.identities"),
        ("with identities as (from core.identities) select subscriber_id from identities", "core.identities"),
        ("select subscriber_id from dispatch.sends", "dispatch.sends"),
        ("select subscriber_id from features", "features"),
        ("select subscriber_id from read_csv('/etc/passwd')", "may not"),
        ("select subscriber_id from read_text('/etc/passwd')", "may not"),
        ("select subscriber_id from (summarize core.identities)", "may not"),
        ("select subscriber_id from (table core.identities)", "identities"),
        ("select subscriber_id from (pivot core.identities on email using count(*))", "exactly one SELECT"),
        ("select subscriber_id from segment.features, lateral (select * from glob('/*'))", "may not"),
        ("select subscriber_id from query_table('core.identities')", "may not"),
        ("select subscriber_id from segment.features where exists (from core.identities)", "identities"),
        ("select subscriber_id from segment.features limit (select count(*) from core.identities)", "identities"),
        ("select subscriber_id from '/etc/passwd'", "which a definition may not"),
        ("select subscriber_id from range(10) as numbers (subscriber_id)", "may not"),
        ("select subscriber_id from query('select 1')", "may not"),
        ("select getenv('HOME') as subscriber_id from segment.features", "getenv"),
        ("select subscriber_id, as_of from segment.features", "one column subscriber_id"),
        ("select * from segment.features", "one column subscriber_id"),
        ("from segment.features", "one column subscriber_id"),
        ("select email from core.subscribers", "one column subscriber_id"),
        ("select subscriber_id from segment.features where purchases > $least", "binds least"),
        ("select subscriber_id from segment.features where purchases > ?", "binds"),
    ],
)
def test_other_statements_are_rejected(tmp_path: Path, statement: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_definition(write(tmp_path, statement))

    assert words in str(raised.value)
    assert "tried.sql, line " in str(raised.value)


def test_error_has_line_of_the_file(tmp_path: Path) -> None:
    statement = (
        "\n-- a comment\nselect subscriber_id\nfrom segment.features\nwhere purchases in (select 1 from core.identities)\n"
    )

    with pytest.raises(ConfigurationError, match=r"tried\.sql, line 10: reads core\.identities"):
        read_definition(write(tmp_path, statement))


def test_syntax_error_has_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"tried\.sql, line 8: is not SQL"):
        read_definition(write(tmp_path, "select subscriber_id\nfrom segment.features\nwhere (purchases > 1\n"))


def test_as_of_must_be_declared_if_and_only_if_used(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="declares the params as_of and binds none"):
        read_definition(write(tmp_path, "select subscriber_id from segment.features", params="as_of"))


def test_name_must_be_an_identifier(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not an identifier"):
        read_definition(write(tmp_path, "select subscriber_id from segment.features", name="Big-Spenders"))


def test_example_of_the_documentation_is_valid(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "segments.md").read_text(encoding="utf-8")
    example = page.partition("```sql\n")[2].partition("```")[0]
    path = tmp_path / "recent_big_baskets.sql"
    path.write_text(example)

    assert read_definition(path).query.params == {"as_of"}
    assert all(".".join(table) in page for table in ALLOWED_TABLES)
