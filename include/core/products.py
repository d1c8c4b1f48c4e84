"""The shop's product catalogue: `include/products/products.csv`, or the folder that `TRADEWIND_PRODUCTS` names.

A row per product: product_id, name, price, currency (optional, else the shop's), url, image (optional: an https URL, or a
file of the folder `images/` beside it). Activities name a product in their property `product`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from include.core import text_file
from include.core.currencies import require_currency
from include.core.finding import Finding, refuse
from include.core.paths import product_folder
from include.core.suggestion import did_you_mean

FILE, IMAGES = "products.csv", "images"
REQUIRED, OPTIONAL = ("product_id", "name", "price", "url"), ("currency", "image")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_URL = re.compile(r"https://[^\s/\"'<>]+\.[^\s\"'<>]+")
_CURRENCY = re.compile(r"[A-Z]{3}")
MAX_NAME = 200


@dataclass(frozen=True)
class Product:
    """One product. `price` is in `currency` (ISO 4217; None: the shop's).

    `image` is an https URL, the name of a file, or empty.
    """

    product_id: str
    name: str
    price: Decimal
    currency: str | None
    url: str
    image: str = ""


def image_folder() -> Path:
    """The folder of the catalogue's own images."""
    return product_folder() / IMAGES


def load_products() -> Mapping[str, Product]:
    """The catalogue in its order, by id; empty without a file. Raises `ConfigurationError` with file and line."""
    products, findings = inspect_products()
    refuse(findings)
    return products


def inspect_products() -> tuple[Mapping[str, Product], tuple[Finding, ...]]:
    """The valid products, and everything that is wrong in the file. A changed file is read again."""
    path = product_folder() / FILE
    if not path.is_file():
        return {}, ()
    state, folder = path.stat(), image_folder()
    images = frozenset(file.name for file in folder.iterdir()) if folder.is_dir() else frozenset[str]()
    return _inspect(path, (state.st_mtime_ns, state.st_size, state.st_ino), images)


@cache
def _inspect(
    path: Path, _state: tuple[int, ...], images: frozenset[str]
) -> tuple[Mapping[str, Product], tuple[Finding, ...]]:
    text, found = text_file.inspect(path)
    if text is None or not text.strip():
        return {}, tuple(found)
    rows = csv.DictReader(io.StringIO(text), strict=True)
    found += _header(path, rows.fieldnames or [])
    products: dict[str, Product] = {}
    try:
        for row in rows if not found else ():
            problems = [*_problems(row, products, images)]
            found += [Finding("error", path, rows.line_num, what, remedy) for what, remedy in problems]
            if not problems:
                products[row["product_id"]] = _product(row)
    except csv.Error as error:
        found.append(Finding("error", path, rows.line_num, f"cannot be read as CSV ({error}).", "Close the quotes."))
    return products, tuple(found)


def _header(path: Path, names: Any) -> Iterator[Finding]:
    for name in REQUIRED:
        if name not in names:
            yield Finding("error", path, 1, f"has no column {name}.", f"The first line is {','.join(REQUIRED + OPTIONAL)}.")
    for name in names:
        if name not in REQUIRED + OPTIONAL:
            remedy = did_you_mean(name, REQUIRED + OPTIONAL) or "Remove it."
            yield Finding("error", path, 1, f"has an unknown column '{name[:40]}'.", remedy)


def _problems(row: Mapping[Any, Any], seen: Mapping[str, Product], images: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a row, each with its remedy."""
    if None in row or None in row.values():
        yield "has more or fewer values than the first line.", "Put a text with a comma into double quotes."
        return
    if not _ID.fullmatch(row["product_id"]):
        yield "product_id is not an id.", "Use letters, digits, '.', '_' and '-', as in activities."
    elif row["product_id"] in seen:
        yield f"product_id {row['product_id']} occurs twice.", "Remove one of the two."
    if not row["name"].strip() or len(row["name"]) > MAX_NAME or not row["name"].isprintable():
        yield "name is empty, too long or not printable.", f"Write 1 to {MAX_NAME} characters."
    if not _is_price(row["price"]):
        yield "price is not an amount.", "Write it with a point, as in 24.90."
    if not _URL.fullmatch(row["url"]):
        yield "url is not an https address.", "Write https://shop.example.com/records/…"
    yield from _currency(row.get("currency") or "USD")
    image = row.get("image") or ""
    if image and image not in images and not _URL.fullmatch(image):
        remedy = did_you_mean(image, images) or f"Put it into {IMAGES}/ beside the file, or write an https address."
        yield f"image {image[:60]} does not exist.", remedy


def _currency(code: str) -> Iterator[tuple[str, str]]:
    if not _CURRENCY.fullmatch(code):
        yield "currency is not one.", "Write the three letters of ISO 4217, or leave it empty."
        return
    try:
        require_currency(code)
    except ValueError as error:
        yield str(error), "Or leave it empty: that is the shop's currency."


def _is_price(text: str) -> bool:
    try:
        return Decimal(0) <= Decimal(text) < Decimal(10**9)
    except InvalidOperation:
        return False


def _product(row: Mapping[str, str]) -> Product:
    currency, image = row.get("currency") or None, row.get("image") or ""
    return Product(row["product_id"], row["name"].strip(), Decimal(row["price"]), currency, row["url"], image)
