"""`make segment`: the size of a segment and its conditions from the present warehouse, before anything is built."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.core.paths import DataPaths
from include.segment.__main__ import main
from include.segment.build import build_segments
from include.warehouse.connection import open_warehouse

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
PEOPLE = """
insert into core.subscribers by name
select
    'person-' || i as subscriber_id, 'key-' || i as address_key, 'gmail' as mailbox_provider, 'subscribed' as status,
    timestamptz '2026-11-24 00:00:00Z' - to_days(i::integer) as signed_up_at, true as tracking_consent,
    signed_up_at as updated_at, 'landed' as landed_run
from range(40) as people (i)
"""
PURCHASES = """
insert into core.purchases by name
select
    'p' || i || '-' || j as purchase_id, 'person-' || i as subscriber_id, 10 as amount, 'USD' as currency, 'r' as landed_run,
    timestamptz '2026-11-23 00:00:00Z' - to_days((20 * j)::integer) as purchased_at
from range(12) as people (i), range(4) as orders (j)
where j <= i
"""


@pytest.fixture
def open_warehouses() -> None:
    """The command attaches the file, for which no connection may be open."""


@pytest.fixture
def shop(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> DataPaths:
    with open_warehouse(paths) as connection:
        connection.execute(PEOPLE)
        connection.execute(PURCHASES)
    monkeypatch.setenv("TRADEWIND_DATA", str(paths.root))
    return paths


def test_size_conditions_and_errors_are_shown_and_nothing_is_written(
    shop: DataPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new_customers"]) == 1
    assert "has no features yet. Run build_segments once" in capsys.readouterr().err
    build_segments(shop, segment_run="one", as_of=AS_OF)
    before = shop.warehouse.read_bytes()

    assert main(["second_purchase_due(from_day=0)"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("second_purchase_due(from_day=0): Customers who bought once")
    assert "now          1 of 40 people (2.5%), as of 2026-11-24 06:00 UTC" in lines[1]
    assert "last frozen  never" in lines[2]
    assert lines[3].split() == ["conditions", "1", "1", "so", "far", "in", "segment", "one_time_buyers"]
    assert lines[4].split() == ["12", "1", "so", "far", "features.days_since_purchase", "BETWEEN", "0", "AND", "45"]

    assert main(["one_time_buyer"]) == 1
    assert "'one_time_buyer' does not exist: did you mean one_time_buyers?" in capsys.readouterr().err
    assert main(["engaged(days='x')"]) == 1
    assert "the parameter days of engaged is a whole number, not a text" in capsys.readouterr().err
    assert main(["one_time_buyers", "--day", "2026-11-24"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "one_time_buyers at the end of 2026-11-24 (UTC): 1 members; 0 entered and 0 left on this day",
    ]
    assert main(["one_time_buyers", "--day", "yesterday"]) == 1
    assert "DAY: 'yesterday' is not a day." in capsys.readouterr().err
    assert main(["genre_fans"]) == 0
    assert "not split" in capsys.readouterr().out
    assert shop.warehouse.read_bytes() == before


def test_new_file_is_previewed_before_it_was_ever_built(
    shop: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build_segments(shop, segment_run="one", as_of=AS_OF)
    (tmp_path / "fresh.sql").write_text(
        "-- name: fresh\n-- owner: marketing\n-- grain: one row per subscriber\n-- params: days = 5\n-- purpose: New.\n"
        "-- limits: 10..\nselect subscriber_id\nfrom segment.features\nwhere days_since_signup <= $days and purchases > 0;\n"
    )
    for module in ("catalogue", "definition"):
        monkeypatch.setattr(f"include.segment.{module}.SEGMENTS", tmp_path)
    monkeypatch.setattr("include.segment.catalogue.read_catalogue.__defaults__", (tmp_path, ()))

    assert main(["fresh"]) == 0

    shown = capsys.readouterr().out
    assert "6 of 40 people" in shown
    assert "limits       10..: has 6 members, fewer than its limit of 10" in shown
    assert "6 so far  days_since_signup <= 5" in shown
