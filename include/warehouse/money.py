"""The warehouse's copy of the shop's exchange rates."""

from __future__ import annotations

import duckdb

from include.core.shop import Shop
from include.warehouse.connection import replace_table


def replace_rates(warehouse: duckdb.DuckDBPyConnection, shop: Shop) -> None:
    """Replace `core.exchange_rates` by those of the shop's file. Within the caller's transaction."""
    rates = shop.rates()
    params = {
        "currencies": list(rates),
        "rates": [f"{rate:f}" for rate in rates.values()],
        "reporting_currency": shop.currency,
    }
    replace_table(warehouse, "core.exchange_rates", "segment", "rates_insert", params)
