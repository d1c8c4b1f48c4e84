"""The demo shop: real purchases, invented people, identical on every machine."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo_shop import history, source
from demo_shop.history import CUSTOMERS, PURCHASES, ShopError
from include.core.paths import PROJECT, DataPaths
from include.extract.land import land
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from tests.validate.conftest import query

UNTIL = datetime.now(UTC).date()
COMMAND = [sys.executable, "-m", "demo_shop.source", "--until"]
RESERVED = (".test", ".example", "example.com", "example.net", "example.org")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    path = tmp_path_factory.mktemp("shop") / "deep" / "shop.sqlite"
    return path, source.build(path, UNTIL)


def select(path: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def content(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return hashlib.sha256("\n".join(connection.iterdump()).encode("utf-8", "surrogatepass")).hexdigest()
    finally:
        connection.close()


def test_all_purchases_are_present_and_the_last_was_yesterday(built: tuple[Path, dict[str, int]]) -> None:
    found = select(built[0], "select count(*), count(distinct subscriber_id), max(purchased_at), sum(items) from purchases")
    yesterday = f"{UNTIL - timedelta(days=1)} 00:00:00"
    raw = [line.split() for line in history.history_file().read_text().splitlines()[1:]]
    assert found == [(PURCHASES, CUSTOMERS, yesterday, sum(int(line[2]) for line in raw))]
    amounts = [row[0] for row in select(built[0], "select amount from purchases order by purchase_id")]
    assert amounts == [line[3] for line in raw]


def test_a_quarter_of_the_customers_visited_the_shop_in_the_last_thirty_days(built: tuple[Path, dict[str, int]]) -> None:
    found = select(
        built[0],
        "select count(*), count(distinct activity_id), count(distinct subscriber_id), min(happened_at), max(happened_at) "
        "from activities",
    )
    rows, ids, people, first, last = found[0]
    assert rows == ids == built[1]["activities"]
    assert 0.23 < people / CUSTOMERS < 0.27
    assert str(UNTIL - timedelta(days=30)) <= first < last < str(UNTIL)
    assert {row[0] for row in select(built[0], "select distinct name from activities")} == {
        "page_view", "basket_add", "sign_in",
    }  # fmt: skip


def test_all_domains_are_reserved(built: tuple[Path, dict[str, int]]) -> None:
    addresses = [row[0] for row in select(built[0], "select email from subscribers where email like '%@%'")]
    domains = {address.rpartition("@")[2].rstrip(" >").lower() for address in addresses} - {"localhost"}
    assert len(domains) > 10
    assert [domain for domain in domains if not domain.endswith(RESERVED)] == []


def test_some_people_signed_up_in_the_last_two_weeks(built: tuple[Path, dict[str, int]]) -> None:
    since = UNTIL - timedelta(days=14)
    statement = f"select count(*) from subscribers where signed_up_at >= '{since}' and signed_up_at < '{UNTIL}'"
    assert 0.02 * CUSTOMERS < select(built[0], statement)[0][0] < 0.03 * CUSTOMERS


def test_about_two_percent_of_the_rows_are_dirty(built: tuple[Path, dict[str, int]]) -> None:
    counts = built[1]
    assert CUSTOMERS <= counts["subscribers"] < CUSTOMERS + 50
    assert 0.015 < counts["dirty"] / counts["subscribers"] < 0.025
    assert counts["unusual"] > 50


def test_updates_are_spread_over_time(built: tuple[Path, dict[str, int]]) -> None:
    months = select(built[0], "select substr(updated_at, 1, 7), count(*) from subscribers group by 1 having count(*) > 100")
    assert len(months) > 12


def test_the_command_replaces_the_shop_by_an_identical_one(built: tuple[Path, dict[str, int]], tmp_path: Path) -> None:
    again = tmp_path / "again.sqlite"
    again.write_bytes(b"what was there before")
    done = subprocess.run([*COMMAND, str(UNTIL), "--to", str(again)], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, "69659 purchases" in done.stdout) == (0, True)
    assert content(again) == content(built[0])
    assert [path.name for path in tmp_path.iterdir()] == ["again.sqlite"]


def test_a_failing_command_reports_one_line() -> None:
    failed = subprocess.run(
        [*COMMAND, str(UNTIL), "--to", "/proc/nowhere/s.sqlite"], cwd=PROJECT, capture_output=True, text=True
    )
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)


def test_a_missing_or_unexpected_history_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = tmp_path / "few.txt"
    few.write_text("customer date items dollars\n 00001 19970101 1 11.77\n")
    with pytest.raises(ShopError, match="has 1 purchases of 1 customers, expected 69659"):
        history.purchases(date(2026, 1, 1), few)
    few.write_text("header\nnot four\n")
    with pytest.raises(ShopError, match="does not have the format"):
        history.purchases(date(2026, 1, 1), few)
    monkeypatch.setattr(history, "_FILE", "lifetimes/datasets/nowhere.txt")
    with pytest.raises(ShopError, match=r"pip install --no-deps lifetimes==0\.11\.3"):
        history.history_file()


def test_the_shop_can_be_loaded_into_the_warehouse(built: tuple[Path, dict[str, int]], paths: DataPaths) -> None:
    counts = {}
    for relation in ("subscribers", "purchases", "activities"):
        manifest = land(paths, f"sqlite:///{built[0]}", relation, run="first", since=None)
        counts[relation] = validate_batch(paths, manifest)
        merge_batch(paths, manifest)
    assert (counts["purchases"]["quarantined"], counts["activities"]["quarantined"]) == (0, 0)
    assert 0.01 < counts["subscribers"]["quarantined"] / counts["subscribers"]["raw"] < 0.025
    assert query(paths, "select count(*) from core.purchases") == [(PURCHASES,)]
    providers = dict(query(paths, "select mailbox_provider, count(*) from core.subscribers group by 1"))
    assert set(providers) == {"gmail", "yahoo", "microsoft", "apple", "other"}
    reasons = query(paths, "select distinct unnest(reasons) from quality.quarantine")
    assert len(reasons) > 15
