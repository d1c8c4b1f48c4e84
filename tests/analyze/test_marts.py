"""The marts as a whole: all exist, are documented, are rebuilt completely, and need no input."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from include.analyze import marts
from include.analyze.marts import COMMENTS, build_marts
from include.analyze.reconcile import check_sums
from include.core.errors import ConfigurationError
from include.core.paths import DataPaths
from include.core.shop import load_shop
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression, lift, suppress
from include.segment import build, features
from include.warehouse.connection import open_warehouse
from tests.stored_view import store

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
EMPTY = {
    "list_health": 1,
    "service_levels": 1,
    "dates": 1,
    "currencies": len(load_shop().exchange_rates) + 1,
    "countries": 257,
}


def test_empty_stores_give_all_marts_and_sums_hold(stores: Stores) -> None:
    rows = build_marts(stores, as_of=AS_OF)

    assert set(rows) == set(yaml.safe_load(COMMENTS.read_text()))
    assert {name: count for name, count in rows.items() if count and name != "reconciliation"} == EMPTY
    assert all(check_sums(stores.paths).values())


def test_every_table_and_column_has_a_comment(stores: Stores) -> None:
    build_marts(stores, as_of=AS_OF)

    with open_warehouse(stores.paths) as connection:
        bare_tables = "select table_name from duckdb_tables() where schema_name = 'marts' and comment is null"
        bare_columns = """select table_name, column_name from duckdb_columns()
            where schema_name = 'marts' and comment is null"""
        assert connection.execute(bare_tables).fetchall() == []
        assert connection.execute(bare_columns).fetchall() == []


def test_columns_match_comments_file_in_order(stores: Stores) -> None:
    build_marts(stores, as_of=AS_OF)

    found = """select table_name, list(column_name order by column_index) from duckdb_columns()
        where schema_name = 'marts' group by table_name"""
    told = {table: list(words["columns"]) for table, words in yaml.safe_load(COMMENTS.read_text()).items()}
    assert dict(ask(stores.paths, found)) == told  # type: ignore[arg-type]


def ask(paths: DataPaths, query: str) -> list[tuple[object, ...]]:
    with open_warehouse(paths) as connection:
        return connection.execute(query).fetchall()


SEND = """
insert into dispatch.sends by name
select
    'm1' as message_key, 'plan' as plan_id, 'newsletter' as campaign, '2026-W47' as occurrence, 'anna' as subscriber_id,
    'key-anna' as address_key, 'only' as variant, 'gmail' as mailbox_provider, 'accepted' as state, 1 as attempt,
    timestamptz '2026-11-20 00:00:00Z' as planned_at, planned_at as sent_at
"""


def test_one_click_unsubscribe_counts_for_its_message_after_it_was_lifted(stores: Stores) -> None:
    left = AS_OF.timestamp()
    suppress(stores.ledger, [Suppression("key-anna", "unsubscribe", "one_click", left, "m1")])
    suppress(stores.ledger, [Suppression("key-bob", "manual", "operator", left)])
    lift(stores.ledger, "key-anna", "preferences")
    with open_warehouse(stores.paths) as connection:
        connection.execute(SEND)

    build_marts(stores, as_of=AS_OF)

    assert ask(stores.paths, "select epoch(unsubscribed_at) from marts.sends") == [(left,)]
    assert ask(stores.paths, "select address_key, reason from core.suppressions") == [("key-bob", "manual")]
    unsubscribed = "select subscriber_id, campaign, event, verdict, source, epoch(occurred_at) from marts.events"
    assert ask(stores.paths, unsubscribed) == [("anna", "newsletter", "unsubscribed", "human", "edge", left)]
    assert ask(stores.paths, "select event, events, people from marts.daily_engagement") == [("unsubscribed", 1, 1)]
    broken = "select scope from marts.reconciliation where check_name = 'marts_complete' and not holds"
    assert ask(stores.paths, broken) == []


def test_rebuild_replaces_marts_and_list_health_keeps_earlier_days(stores: Stores) -> None:
    with open_warehouse(stores.paths) as connection:
        connection.execute(SEND)
    first = build_marts(stores, as_of=AS_OF)

    again = build_marts(stores, as_of=AS_OF)
    next_day = build_marts(stores, as_of=AS_OF + timedelta(days=1))

    assert first == again
    assert next_day == first | {"list_health": 2, "service_levels": first["service_levels"] + 1}


def test_comments_are_quoted(stores: Stores, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = 'it\'s; drop table marts.sends; -- "quoted" $1 é'
    file = tmp_path / "comments.yaml"
    file.write_text(yaml.safe_dump({"sends": {"table": words, "columns": {"state": words}}}, allow_unicode=True))
    monkeypatch.setattr(marts, "COMMENTS", file)

    build_marts(stores, as_of=AS_OF)

    assert ask(stores.paths, "select comment from duckdb_tables() where table_name = 'sends' and schema_name = 'marts'") == [
        (words,)
    ]
    assert ask(stores.paths, "select comment from duckdb_columns() where column_name = 'state' and comment is not null") == [
        (words,)
    ]


def test_comment_on_unknown_column_is_an_error(stores: Stores, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "comments.yaml"
    file.write_text("sends: {table: x, columns: {colour: y}}")
    monkeypatch.setattr(marts, "COMMENTS", file)

    with pytest.raises(ConfigurationError, match=r"comments\.yaml: .*colour"):
        build_marts(stores, as_of=AS_OF)

    assert ask(stores.paths, "select count(*) from duckdb_tables() where schema_name = 'marts'") == [
        (3,)
    ]  # rolled back whole: the three of the migrations


def test_time_without_time_zone_is_rejected(stores: Stores) -> None:
    with pytest.raises(ValueError, match="time zone"):
        build_marts(stores, as_of=datetime(2026, 11, 24))


MONEY = """
insert into core.purchases by name
select
    'p' || row_number() over () as purchase_id, 'anna' as subscriber_id, timestamptz '2026-11-20 00:00:00Z' as purchased_at,
    amount, currency, 'landed' as landed_run
from (values (10, 'EUR'), (15000, 'JPY'), (-1.5, 'EUR'), (99, 'XTS')) as bought (amount, currency)
"""
ANNA = """
insert into core.subscribers by name
select
    'anna' as subscriber_id, 'key-anna' as address_key, 'gmail' as mailbox_provider, 'subscribed' as status,
    true as tracking_consent, timestamptz '2026-01-01 00:00:00Z' as updated_at, 'landed' as landed_run
"""


def test_revenue_is_in_shop_currency_and_amounts_without_rate_are_reported(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = load_shop().model_copy(update={"currency": "EUR", "exchange_rates": {"JPY": 0.0061}})
    for module in (marts, features):
        monkeypatch.setattr(module, "load_shop", lambda: shop)
    with open_warehouse(stores.paths) as connection:
        connection.execute(ANNA)
        connection.execute(MONEY)
    build.build_segments(stores.paths, segment_run="r1", as_of=AS_OF)

    build_marts(stores, as_of=AS_OF)

    columns = "purchases, purchase_days, revenue, currency, unconverted"
    assert ask(stores.paths, f"select {columns} from marts.lifecycle") == [(3, 1, Decimal("100.00"), "EUR", 1)]
    unsaid = "select scope, difference from marts.reconciliation where check_name = 'amounts_converted' and not holds"
    assert sorted(ask(stores.paths, unsaid)) == [("XTS", 1), ("all currencies", 1)]
    assert not check_sums(stores.paths)["amounts_converted"]


def test_dated_lifecycle_keeps_changes_and_a_day_can_be_analysed_again(stores: Stores) -> None:
    with open_warehouse(stores.paths) as connection:
        connection.execute(ANNA)
        store(connection, "segment.features")
    states = "select valid_from, valid_until, lifecycle_stage from marts.lifecycle_history order by valid_from, valid_until"
    first, second = date(2026, 11, 24), date(2026, 11, 25)
    expected: list[tuple[object, ...]] = [(first, None, "prospect")]
    for hours, stage, rows in (
        (0, "prospect", expected),
        (24, "active", [(first, second, "prospect"), (second, None, "active")]),
        (30, "prospect", expected),
        (31, "active", [(first, second, "prospect"), (second, None, "active")]),
    ):
        with open_warehouse(stores.paths) as connection:
            connection.execute("delete from segment.features")
            connection.execute(FEATURES, {"as_of": AS_OF + timedelta(hours=hours), "stage": stage})
        build_marts(stores, as_of=AS_OF + timedelta(hours=hours))
        assert ask(stores.paths, states) == rows
    assert ask(stores.paths, "select day, people from marts.lifecycle_daily order by day") == [(first, 1), (second, 1)]


FEATURES = """
insert into segment.features by name
select
    'anna' as subscriber_id, $as_of::timestamptz as as_of, 0 as purchases, 0 as revenue, $stage as lifecycle_stage,
    0 as human_opens_90d, 0 as human_clicks_90d, 'engaged' as engagement_level
"""
