"""The report page: its figures, escaping of data, accessibility, and no use of the network."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.errors import PublishError
from include.core.paths import DataPaths
from include.publish import formats, report, snapshot
from include.publish.file import publish
from include.warehouse.connection import open_warehouse

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = "</script><script>window.struck=1</script><img src=x onerror=window.struck=1>'\"{{7*7}}"


class Outline(HTMLParser):
    """The elements of a page with their attributes, without scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


@pytest.fixture(scope="session")
def page(published: DataPaths) -> str:
    return (published.root / report.write_report(published)).read_text()


def specs(page: str) -> dict[str, dict[str, Any]]:
    found = re.search(r'<script type="application/json" id="specs">(.*?)</script>', page, re.DOTALL)
    assert found
    charts: dict[str, dict[str, Any]] = json.loads(found[1])
    return charts


def test_states_of_each_campaign_add_up_on_the_page(published: DataPaths, page: str) -> None:
    with snapshot.open_build(snapshot.require_build(published)) as connection:
        campaigns = report.read_sections(connection)["campaigns"]
    assert len(campaigns) == 6
    for row in campaigns:
        assert row["adds_up"]
        assert f"<b>{row['selected']:,}</b> selected" in page
        assert f"{row['accepted']:,} accepted + {row['rejected']} rejected + {row['suppressed']} suppressed" in page
    assert page.count("✓ adds up") >= 6
    assert "off by" not in page


def test_who_lost_to_what_is_on_the_page(page: str) -> None:
    (row,) = [row for row in re.findall(r"<tr>.*?</tr>", page) if "welcome signup" in row and "ranked higher" in row]
    assert re.findall(r"<td>(\d+)</td>", row) == ["70", "68", "2"]


def test_decisions_and_the_worth_of_all_mail_are_on_the_page(page: str) -> None:
    (decided,) = [row for row in re.findall(r"<tr>.*?</tr>", page) if "replace content" in row]
    assert re.findall(r"<td[^>]*>(.*?)</td>", decided) == [
        "replace content", "winback 2026-11", "anna", "a wrong &lt;b&gt;price&lt;/b&gt;",
    ]  # fmt: skip
    worth = [row for row in re.findall(r"<tr>.*?</tr>", page) if "5,300" in row]
    assert len(worth) == 2
    assert ["a difference" in row for row in worth] == [False, True]
    assert "0.20 to 4.40" in worth[1]


def test_open_rate_is_over_tracked_deliveries_and_open_window_has_no_result(published: DataPaths, page: str) -> None:
    with snapshot.open_build(snapshot.require_build(published)) as connection:
        (head,) = report.read_sections(connection)["headline"]
    assert head["human_open_rate"] == pytest.approx(head["human_opens"] / head["delivered_tracked"])
    assert f"{head['human_opens']:,} of {head['delivered_tracked']:,} delivered who allow tracking" in page
    open_window = [row for row in re.findall(r"<tr>.*?</tr>", page) if "winback 2026-11" in row and "purchase_14d" in row]
    assert len(open_window) == 2
    assert all("window still open" in row and "a difference" not in row and "inconclusive" not in row for row in open_window)
    assert "window still open" not in "".join(row for row in re.findall(r"<tr>.*?</tr>", page) if "2026-10" in row)


def test_a_sum_that_differs_is_not_called_holding(page: str) -> None:
    (tile,) = re.findall(r"<dt>Sums</dt>(.*?)</div>", page)
    assert "1 differs" in tile
    assert "hold" not in tile


def test_campaigns_link_to_the_console_where_its_address_is_known(published: DataPaths, page: str) -> None:
    assert "/campaign?run=" not in page
    with snapshot.open_build(build := snapshot.require_build(published)) as connection:
        sections = report.read_sections(connection)
    linked = report.render(snapshot.read_manifest(build), sections, "https://airflow.example/tradewind/console")
    assert 'href="https://airflow.example/tradewind/console/campaign?run=winback%2F2026-11"' in linked


def test_broken_sum_is_marked(marts: DataPaths) -> None:
    with open_warehouse(marts) as connection:
        connection.execute("update marts.campaign_performance set accepted = accepted - 3 where campaign = 'welcome'")
        connection.execute("update marts.reconciliation set holds = false where must_hold")
    publish(marts)
    page = (marts.root / report.write_report(marts)).read_text()
    assert page.count("✗ off by 3") == 1
    assert '<span class="mark stop">broken</span>' in page


def test_values_from_the_database_are_escaped(marts: DataPaths) -> None:
    with open_warehouse(marts) as connection:
        for column in ("campaign", "segment", "state"):
            connection.execute(f"update marts.campaign_performance set {column} = $hostile", {"hostile": HOSTILE})
        connection.execute("update marts.segment_sizes set segment = $hostile", {"hostile": HOSTILE})
        connection.execute("update marts.mailbox_provider_health set mailbox_provider = $hostile", {"hostile": HOSTILE})
    publish(marts)
    page = (marts.root / report.write_report(marts)).read_text()
    assert "<script>window.struck" not in page
    images = [attributes["src"] for tag, attributes in Outline(page).elements if tag == "img"]
    assert all((source or "").startswith("data:image/svg+xml;base64,") for source in images)  # Pictures of journeys.
    assert html.escape("</script><script>window.struck=1") in page
    assert specs(page)["funnel"]["data"]["values"][0]["label"].startswith("</script>")


def test_page_loads_nothing_from_the_network(page: str) -> None:
    policy = next(attributes["content"] for tag, attributes in Outline(page).elements if attributes.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.split("style-src")[0]
    for tag, attributes in Outline(page).elements:
        for name in ("src", "href", "action"):
            assert not re.match(r"(https?:)?//", attributes.get(name) or ""), tag


def test_the_command_writes_one_file_to_any_place(
    published: DataPaths, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "report.html"
    monkeypatch.setenv("TRADEWIND_DATA", str(published.root))
    assert report.main([str(to)]) == 0
    assert to.read_text() == page
    assert to.stat().st_size < 1_500_000
    monkeypatch.setenv("TRADEWIND_DATA", str(tmp_path))
    assert report.main([str(to)]) == 1
    assert to.read_text() == page, "nothing is published there"


def test_page_is_accessible_without_charts(page: str) -> None:
    elements = Outline(page).elements
    assert ("html", {"lang": "en"}) in elements
    assert sum(tag == "h1" for tag, _ in elements) == 1
    charts = [attributes for _, attributes in elements if attributes.get("class") == "chart"]
    assert len(charts) == len(specs(page)) == 9
    assert all(chart["role"] == "img" and len(chart["aria-label"] or "") > 20 for chart in charts)
    assert all(attributes.get("scope") for tag, attributes in elements if tag == "th")
    targets = {attributes.get("id") for _, attributes in elements}
    assert {attributes["href"][1:] for tag, attributes in elements if tag == "a" and attributes["href"]} <= targets


def test_report_is_written_atomically_and_requires_a_published_file(
    paths: DataPaths, published: DataPaths, page: str
) -> None:
    with pytest.raises(PublishError, match="nothing is published"):
        report.write_report(paths)
    assert report.write_report(published) == "published/report.html"
    assert (published.published / "report.html").read_text() == page
    assert len(page) < 2_000_000


@given(st.floats(-1e6, 1e12))
def test_numbers_are_always_formatted_as_numbers(value: float) -> None:
    assert re.fullmatch(r"-?[\d,]+(\.\d+)?", formats.count(value))
    assert re.fullmatch(r"-?\d+(\.\d+)?\N{NO-BREAK SPACE}%", formats.percent(value))


@pytest.mark.parametrize(
    ("value", "written"), [(None, "–"), (0.0, "0.0 %"), (0.0008, "0.08 %"), (0.00084, "0.084 %"), (0.9731, "97.3 %")]
)
def test_small_rates_have_more_digits(value: float | None, written: str) -> None:
    assert formats.percent(value).replace("\N{NO-BREAK SPACE}", " ") == written


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not on this machine (apt-get install chromium)")
def test_browser_draws_every_chart_under_the_policy_without_network_requests(page: str, published: DataPaths) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1400, "height": 1000})
        requests: list[str] = []
        errors: list[str] = []
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        tab.goto((published.published / "report.html").as_uri())
        for chart in tab.locator(".chart").all():
            chart.locator("svg").wait_for(timeout=90_000)
        hidden = tab.locator("#sums .scroll").evaluate("table => table.scrollWidth - table.clientWidth")
        browser.close()
    assert hidden == 0, "the column Holds is visible without scrolling, even with long scopes"
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
