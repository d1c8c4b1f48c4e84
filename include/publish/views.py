"""Pages and small data for the console in the Airflow UI, read from the published folder only."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from include.core.paths import DataPaths
from include.publish import formats, snapshot
from include.publish.snapshot import Manifest
from include.warehouse.connection import fetch

PAGES = Path(__file__).with_name("pages")
QUALITY_PAGES = ("latest.html", "index.html")


def report_page(paths: DataPaths) -> str:
    """`report.html`; if it does not exist yet, a page that says which DAG writes it."""
    found = _page(paths.published, (snapshot.REPORT,))
    return found or _empty(
        "Nothing is published yet",
        "nightly_analytics",
        "It builds the marts, checks their sums, publishes them and writes this report.",
    )


def quality_page(paths: DataPaths) -> str:
    """The page of the latest validation; if it does not exist yet, a page that says which DAG writes it."""
    found = _page(paths.quality, QUALITY_PAGES)
    return found or _empty(
        "Nothing has been validated yet",
        "ingest_subscribers",
        "It extracts the subscribers, validates them and writes this page.",
    )


def audit_page(paths: DataPaths) -> str:
    """The page of the latest audit; if there is none yet, a page that says which DAG writes it."""
    found = _page(paths.audit, ("audit.html",))
    return found or _empty("Nothing was audited yet", "audit", "It checks authentication, consent, access and more.")


def journeys_page(paths: DataPaths) -> str:
    """The pictures that `run_journeys` drew; if there is none yet, a page that says which DAG draws them."""
    pictures = sorted(paths.journeys.glob("*.svg"))
    if not pictures:
        return _empty("No journey has run yet", "run_journeys", "It leads people through them and draws their pictures.")
    return _render("journeys.html.j2", pictures=[_picture(path) for path in pictures])


def campaign_rows(paths: DataPaths) -> list[dict[str, Any]]:
    """The report's campaigns as JSON-able rows, newest first. Raises `PublishError` if nothing is published."""
    with snapshot.open_build(snapshot.require_build(paths)) as connection:
        rows: list[dict[str, Any]] = fetch(connection, "publish/report", "campaigns").to_pylist()
    return rows


def published_manifest(paths: DataPaths) -> Manifest:
    """The manifest of the current build. Raises `PublishError` if nothing is published."""
    return snapshot.read_manifest(snapshot.require_build(paths))


def _page(folder: Path, names: tuple[str, ...]) -> str | None:
    """The first of these pages that exists; a link to a file outside the folder is not followed."""
    for name in names:
        page = (folder / name).resolve()
        if page.is_relative_to(folder.resolve()) and page.is_file():
            return page.read_text(encoding="utf-8")
    return None


def _empty(title: str, dag: str, why: str) -> str:
    return _render("empty.html.j2", title=title, dag=dag, why=why)


def _picture(path: Path) -> dict[str, str]:
    drawn_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    source = formats.embedded(path.read_text(encoding="utf-8"))
    return {"name": path.stem, "source": source, "drawn_at": formats.moment(drawn_at.isoformat())}


def _render(page: str, **values: Any) -> str:
    environment = Environment(loader=FileSystemLoader(PAGES), autoescape=True)
    return environment.get_template(page).render(style=(PAGES / "report.css").read_text(), **values)
