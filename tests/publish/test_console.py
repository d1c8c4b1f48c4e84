"""The pages of the console: figures of the published file, filters in the address, and parts that an older file lacks."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import altair as alt
import pytest

from include.core.errors import ConfigurationError
from include.core.paths import DataPaths
from include.publish.console.render import OLDER, console_page
from include.publish.console.scripts import asset
from include.publish.console.view import views
from include.publish.file import publish
from include.publish.resources import Shop, resources, unit_costs
from include.warehouse.connection import open_warehouse

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def shown(paths: DataPaths, view: str, **query: str) -> str:
    return console_page(paths, view, query, NOW)


def specs(page: str) -> dict[str, dict[str, Any]]:
    found = re.search(r'<script type="application/json" id="specs">(.*?)</script>', page, re.DOTALL)
    assert found
    charts: dict[str, dict[str, Any]] = json.loads(found[1])
    return charts


@pytest.mark.parametrize("view", views())
def test_every_view_has_all_of_its_data_and_valid_charts(published: DataPaths, view: str) -> None:
    page = shown(published, view)
    assert OLDER not in page, "the sample of the marts lacks something that this view reads"
    assert page.count("<h1>") == 1
    for spec in specs(page).values():
        alt.Chart.from_dict(spec)  # Raises for a spec that Vega-Lite refuses.
    for number in range(len(specs(page))):
        assert f'id="chart-c{number}"' in page, "each chart has its place"


@pytest.mark.parametrize("view", views())
def test_before_the_first_publish_every_view_says_what_to_run(paths: DataPaths, view: str) -> None:
    assert "nightly_analytics" in shown(paths, view)


@pytest.mark.parametrize("view", views())
def test_values_of_the_address_are_escaped_and_never_an_error(published: DataPaths, view: str) -> None:
    names = ("run", "days", "campaign", "holds", "check", "rate", "segment")
    for value in ("<script>1</script>", "-1", "1e14", "1e99", "../x", "' or 1=1 --", "\x00", "9" * 400, "nan"):
        page = shown(published, view, **dict.fromkeys(names, value))
        assert "<script>1" not in page


def test_an_older_file_says_what_it_lacks_and_shows_the_rest(marts: DataPaths) -> None:
    with open_warehouse(marts) as connection:
        connection.execute("alter table marts.mailbox_provider_health drop column complaint_rate")
    publish(marts)
    page = shown(marts, "campaign", run="winback/2026-11")
    assert page.count(OLDER) == 1
    assert "console/run_providers.sql" in page
    assert "People at each step" in page


def test_filters_are_in_the_address(published: DataPaths) -> None:
    page = shown(published, "campaigns", campaign="winback", days="365")
    assert '<option value="winback" selected>' in page
    assert "winback 2026-11" in page
    assert "newsletter 2026-W48" not in page
    assert 'href="campaign?run=winback%2F2026-11"' in page
    assert "There is no &#39;winback 1999&#39;" in shown(published, "campaign", run="winback/1999")


def test_a_mistyped_page_names_the_one_that_was_meant(published: DataPaths) -> None:
    with pytest.raises(ConfigurationError, match="no page 'campain'") as raised:
        shown(published, "campain")
    assert "campaign" in raised.value.remedy


def test_the_planner_says_what_hosts_the_entered_shop_takes(published: DataPaths) -> None:
    found = resources(Shop(20_000_000, 10, send_hours=2), unit_costs())
    page = shown(published, "planner", people="20000000", times="10", hours="2")
    assert f"{found.send_cores} for sends, {found.night_cores} for the night" in page
    assert f"and {found.posts_a_day:,.0f} posts of events from it" in page


def test_an_audit_shows_the_worst_first_and_a_chosen_one(published: DataPaths) -> None:
    page = shown(published, "audit")
    assert page.index("dmarc") < page.index("bimi") < page.index("one_click") < page.index("addresses")
    assert '<option value="scheduled__1" selected>' in page
    assert '<option value="scheduled__0" selected>' in shown(published, "audit", audit="scheduled__0")
    assert "&lt;b&gt;policy&lt;/b&gt;: none" in page


def test_scripts_are_served_and_nothing_else() -> None:
    assert "vegaEmbed" in (asset("vega.js") or ("", ""))[0]
    assert asset("../report.css") is None
    assert asset("report.html.j2") is None
