"""The report: one HTML page beside the published file, computed from that file only. It needs no network.

`python -m include.publish.report TO` writes it to another place, to be attached or shown elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from include.core.durable import write_durably
from include.core.errors import TradewindError
from include.core.paths import DataPaths, data_paths
from include.publish import charts, formats, snapshot
from include.publish.console import statuses
from include.publish.limits import COMPLAINT, HARD_BOUNCE, LIMITS, RECENT_DAYS
from include.publish.snapshot import Manifest
from include.warehouse.connection import fetch

PAGES = Path(__file__).with_name("pages")
QUERIES = (
    "headline",
    "simulated_past",
    "campaigns",
    "arbitration",
    "journeys",
    "journey_steps",
    "engagement",
    "providers",
    "segments",
    "lifecycle",
    "list_health",
    "experiments",
    "hold_out",
    "decisions",
    "quality",
    "reconciliation",
)
FIXED_POLICY = "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

Sections = dict[str, list[dict[str, Any]]]


def write_report(paths: DataPaths, console: str = "") -> str:
    """Write `published/report.html` from the published file, atomically; returns its path within the data folder.

    `console` is the address of the console, to which campaigns link; '' for no links. Raises `PublishError` if nothing is
    published. Without campaigns the page says how to send one.
    """
    page = paths.published / snapshot.REPORT
    write_durably(page, newest(paths, console).encode())
    return str(page.relative_to(paths.root))


def newest(paths: DataPaths, console: str = "") -> str:
    """The page of the newest published file: HTML that refers to no other file. Raises `PublishError` if there is none."""
    build = snapshot.require_build(paths)
    manifest = snapshot.read_manifest(build)
    with snapshot.open_build(build) as connection:
        return render(manifest, read_sections(connection), console)


def read_sections(connection: duckdb.DuckDBPyConnection) -> Sections:
    """The rows of each section, from its file in include/sql/publish/report/."""
    return {
        name: fetch(connection, "publish/report", name, LIMITS | {"recent_days": RECENT_DAYS}).to_pylist()
        for name in QUERIES
    }


def render(manifest: Manifest, sections: Sections, console: str = "") -> str:
    """The page as HTML. All data is escaped; the Content-Security-Policy allows scripts by their hash only."""
    scripts = [vl_convert.javascript_bundle(snippet="window.vegaEmbed = vegaEmbed;"), (PAGES / "report.js").read_text()]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            manifest=manifest,
            specs=specs(sections),
            scripts=[Markup(script) for script in scripts],  # noqa: S704  (our own and Vega's, no data)
            policy=policy(scripts),
            style=Markup((PAGES / "report.css").read_text()),  # noqa: S704
            limits=LIMITS,
            recent_days=RECENT_DAYS,
            console=console.rstrip("/"),
            sums=statuses.sums(*(sections["headline"][0][name] for name in ("broken", "differing", "checks"))),
            **sections,
        )
    )


def specs(sections: Sections) -> dict[str, Any]:
    """The Vega-Lite specs by chart id; a chart without rows has none."""
    providers = sections["providers"]
    drawn: dict[str, tuple[Any, Callable[[], dict[str, Any]]]] = {
        "funnel": (sections["campaigns"], lambda: charts.funnel(sections["campaigns"])),
        "rates": (
            charts.repeated_campaigns(sections["campaigns"]),
            lambda: charts.rates(sections["campaigns"]),
        ),
        "engagement": (sections["engagement"], lambda: charts.engagement(sections["engagement"])),
        "hard-bounces": (
            providers,
            lambda: charts.provider_rate(providers, "hard_bounce", HARD_BOUNCE, "hard bounces"),
        ),
        "complaints": (providers, lambda: charts.provider_rate(providers, "complaint", COMPLAINT, "complaints")),
        "segments": (sections["segments"], lambda: charts.segments(sections["segments"])),
        "lifecycle": (sections["lifecycle"], lambda: charts.lifecycle(sections["lifecycle"])),
        "list": (sections["list_health"][1:], lambda: charts.list_health(sections["list_health"])),
        "experiments": (
            charts.lifts_of_rates(sections["experiments"]),
            lambda: charts.experiments(sections["experiments"]),
        ),
    }
    return {name: draw() for name, (rows, draw) in drawn.items() if rows}


def policy(scripts: list[str]) -> str:
    """The page's Content-Security-Policy: these scripts and inline styles, and nothing from the network."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return f"default-src 'none'; script-src {hashes}; {FIXED_POLICY}"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"default": float, "allow_nan": False}  # DECIMAL columns
    environment.filters.update(count=formats.count, percent=formats.percent, decimal=formats.decimal, moment=formats.moment)
    environment.filters["embedded"] = formats.embedded
    environment.globals.update(run_link=statuses.run_link, health=statuses.health)
    return environment


def main(arguments: Sequence[str]) -> int:
    """Write the page of the published file to the path that is the only argument."""
    try:
        (to,) = map(Path, arguments)
        write_durably(to, newest(data_paths()).encode())
    except TradewindError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"{to}: {to.stat().st_size / 1e6:.2f} MB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
