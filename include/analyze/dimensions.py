"""Dimensions of the marts that are not in the warehouse: campaigns by the ledger, names of countries and languages."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pyarrow as pa
from babel import Locale, UnknownLocaleError
from sqlalchemy import func, select

from include.analyze.decisions import without_addresses
from include.core.journey_mail import journey_of
from include.ledger.database import Ledger
from include.ledger.tables import plans
from include.warehouse.connection import fetch, run

_CAMPAIGNS = pa.schema(
    [
        *((name, pa.string()) for name in ("campaign", "title", "purpose", "owner", "kind", "journey", "topic")),
        ("locales", pa.list_(pa.string())), ("variants", pa.int64()), ("hold_out_percent", pa.float64()),
        ("cost_per_thousand", pa.float64()), ("occurrences", pa.int64()), ("first_planned_at", pa.float64()),
        ("last_planned_at", pa.float64()),
    ]
)  # fmt: skip
_COUNTRIES = pa.schema([("country", pa.string()), ("country_name", pa.string())])
_LOCALES = pa.schema([("locale", pa.string()), ("language", pa.string()), ("locale_name", pa.string())])
_ENGLISH = "en"
_NO_COUNTRY = frozenset({"EU", "EZ", "UN", "QO", "ZZ", "XA", "XB"})
"""Codes of Unicode's list that are groups of countries, unknown, or for tests."""


def build_dimensions(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Build marts.campaigns, marts.countries and marts.locales."""
    locales = fetch(connection, "analyze", "locales_known")["locale"].to_pylist()
    for name, rows, schema in (
        ("campaigns", _campaigns(ledger), _CAMPAIGNS),
        ("countries", _countries(), _COUNTRIES),
        ("locales", [_locale(tag) for tag in locales], _LOCALES),
    ):
        connection.register(f"known_{name}", pa.Table.from_pylist(rows, schema=schema))
        run(connection, "analyze", name)
        connection.unregister(f"known_{name}")


def _campaigns(ledger: Ledger) -> list[dict[str, Any]]:
    """One row per campaign with a live plan, with what its file said when the newest plan was frozen."""
    this = plans.c
    times = (
        select(
            this.campaign, func.count().label("occurrences"), func.min(this.planned_at).label("first_planned_at"),
            func.max(this.planned_at).label("last_planned_at"),
        ).where(this.kind == "live").group_by(this.campaign).subquery()
    )  # fmt: skip
    query = select(times, this.settings).join(
        times, (this.campaign == times.c.campaign) & (this.planned_at == times.c.last_planned_at) & (this.kind == "live")
    )
    with ledger.read() as connection:
        found = {row["campaign"]: dict(row) for row in connection.execute(query).mappings()}
    return [row | _said(row["campaign"], json.loads(row.pop("settings"))) for row in found.values()]


def _said(campaign: str, settings: dict[str, Any]) -> dict[str, Any]:
    texts = {"title": settings.get("name"), "purpose": settings.get("purpose"), "owner": settings.get("owner")}
    return {name: without_addresses(text or "") for name, text in texts.items()} | {
        "kind": settings.get("kind"),
        "journey": journey_of(campaign),
        "topic": settings.get("topic"),
        "locales": settings.get("locales") or [],
        "variants": len(settings.get("variants") or []) or 1,
        "hold_out_percent": settings.get("hold_out_percent"),
        "cost_per_thousand": settings.get("cost_per_thousand"),
    }


def _countries() -> list[dict[str, Any]]:
    """Countries by ISO 3166-1 code, with their English names."""
    names = Locale(_ENGLISH).territories
    return [
        {"country": code, "country_name": name}
        for code, name in names.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY
    ]


def _locale(tag: str) -> dict[str, Any]:
    """A BCP 47 tag with its English name; the tag itself where the name is not known."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return {"locale": tag, "language": tag.partition("-")[0].lower(), "locale_name": tag}
    return {"locale": tag, "language": locale.language, "locale_name": locale.get_display_name(_ENGLISH) or tag}
