"""Asks the warehouse which products a mail shows: once for everybody in temp table `audience`, and for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb
import pyarrow as pa

from include.core import clock
from include.core.products import load_products
from include.dispatch.content.products import (
    MAX_PRODUCTS,
    PERSONAL,
    SHARED,
    ProductRows,
    Row,
    known_lists,
    row_of,
)
from include.warehouse.connection import fetch, materialize, run

_PRODUCTS = pa.schema([(name, pa.string()) for name in ("id", "name", "price", "currency", "url", "image")])


def shared_rows(warehouse: duckdb.DuckDBPyConnection, names: Iterable[str]) -> ProductRows:
    """The rows of the shared lists for the planned people of temp table `audience`, best first."""
    products, lists = load_products(), dict[str, list[Row]]()
    for name in sorted(set(names)):
        found = fetch(warehouse, "products", f"{SHARED}/{name}", {"as_of": clock.now()}).to_pylist()
        ranked = sorted(found, key=lambda row: (row["place"], row["product_id"]))
        known = (products[row["product_id"]] for row in ranked if row["product_id"] in products)
        lists[name] = [row_of(product) for product, _ in zip(known, range(MAX_PRODUCTS), strict=False)]
    return lists


def write_personal_lists(warehouse: duckdb.DuckDBPyConnection, *, wanted: bool) -> None:
    """Write temp table `person_product_lists`: every personal list of everybody in `audience`; empty unless `wanted`."""
    run(warehouse, "products", "person_product_lists")
    if not wanted:
        return
    rows = [row_of(product) for product in load_products().values()]
    warehouse.register("products", pa.Table.from_pylist(rows, schema=_PRODUCTS))
    for name in known_lists(PERSONAL):
        materialize(warehouse, "chosen_products", "products", f"{PERSONAL}/{name}", {"as_of": clock.now()})
        run(warehouse, "products", "person_product_lists_insert", {"list_name": name, "most": MAX_PRODUCTS})
    warehouse.unregister("products")


def personal_lists(warehouse: duckdb.DuckDBPyConnection, people: Iterable[str]) -> Mapping[str, str]:
    """The lists of some people as JSON, by subscriber id; `write_personal_lists` has been called."""
    found = fetch(warehouse, "products", "personal_lists", {"people": list(people)})
    return {row["subscriber_id"]: row["products"] for row in found.to_pylist()}
