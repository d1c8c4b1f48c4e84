"""The page of the latest audit: each check with verdict, evidence, advice, and the verdicts of the last audits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.audit.result import ORDER, Result, Verdict
from include.core.durable import write_durably
from include.core.paths import DataPaths

PAGES = Path(__file__).with_name("pages")
FILE = "audit.html"
SIGNS = {"pass": "✓", "unknown": "?", "warn": "!", "fail": "✗"}


@dataclass(frozen=True)
class Row:
    """A check on the page; `history` are the verdicts of the last audits, this one last."""

    title: str
    result: Result
    previous: Verdict | None
    is_worse: bool
    history: tuple[Verdict, ...]


def write_page(paths: DataPaths, at: datetime, rows: list[Row]) -> None:
    """Write `audit/audit.html`, atomically. It needs no network and no script."""
    environment = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = _shown
    counts = Counter(row.result.verdict for row in rows)
    page = environment.get_template("audit.html.j2").render(
        at=f"{at.day} {at:%B %Y, %H:%M} UTC", rows=rows, counts=counts, order=ORDER[::-1], signs=SIGNS
    )
    write_durably(paths.audit / FILE, page.encode())


def _shown(value: float | str | bool | None) -> str:
    """A value of the evidence as people read it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:,}"
