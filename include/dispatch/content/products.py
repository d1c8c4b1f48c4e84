"""Products in a mail: `products("top_sellers", 3)` for everybody, `person.products.last_viewed` for each person.

Each list is a statement in `include/sql/products/`: those in `shared/` are asked once per plan, those in `personal/` for all
its people at once. The rows of a plan are frozen with it. They are data, as people are: the content hash covers the
statements and not the rows, and is made with rows that stand for them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from include.core.paths import SQL
from include.core.products import Product, image_folder, load_products
from include.core.shop import load_shop
from include.core.suggestion import suggest
from include.dispatch.content.images import Image, image_of
from include.dispatch.content.source_location import template_error

STATEMENTS = SQL / "products"
SHARED, PERSONAL = "shared", "personal"
MAX_PRODUCTS = 12
"""Of one list: a mail is no catalogue, and a person's values have 10,000 bytes."""
Row = dict[str, Any]
"""A product as templates see it: id, name, price (text), currency, url, image (URL or None)."""


ProductRows = Mapping[str, Sequence[Row]]
"""The rows of the shared lists, best first, by the name of the statement."""


class ProductLists:
    """The template function `products`. Without rows it returns rows that stand for them."""

    def __init__(self, rows: ProductRows | None) -> None:
        self._rows = rows

    def __call__(self, name: str, count: int = 3) -> Sequence[Row]:
        """The first `count` products of a shared list, possibly fewer."""
        if not 0 < count <= MAX_PRODUCTS:
            raise template_error(f"a list has 1 to {MAX_PRODUCTS} products.", f'Write products("{name}", 3).')
        if self._rows is None:
            return [_stand_in(number) for number in range(1, count + 1)]
        return self._rows.get(name, ())[:count]


def known_lists(kind: str) -> list[str]:
    """The names of the statements of a kind."""
    return sorted(path.stem for path in (STATEMENTS / kind).glob("*.sql"))


def unknown_list(name: str, kind: str) -> str:
    """The remedy for a list that does not exist."""
    return suggest(name, known_lists(kind), kind="lists")


def digests(kind: str, names: Iterable[str]) -> dict[str, str]:
    """The hash of each statement, for the content hash."""
    files = {name: STATEMENTS / kind / f"{name}.sql" for name in names}
    return {f"{kind}/{name}": hashlib.sha256(file.read_bytes()).hexdigest() for name, file in sorted(files.items())}


def row_of(product: Product) -> Row:
    """A product as templates see it. Raises `PlanError` for an image that mail programs do not show."""
    image = product.image or None
    if image and not image.startswith("https://"):
        image = image_of(image_folder() / image).marker
    currency = product.currency or load_shop().currency
    return {
        "id": product.product_id, "name": product.name, "price": str(product.price), "currency": currency,
        "url": product.url, "image": image,
    }  # fmt: skip


def catalogue_images() -> tuple[Image, ...]:
    """The images of the catalogue's own folder that products name."""
    names = sorted({product.image for product in load_products().values()})
    return tuple(image_of(image_folder() / name) for name in names if name and not name.startswith("https://"))


def first_of_catalogue() -> ProductRows:
    """The first products of the catalogue in the place of every list: for previews and tests without a warehouse."""
    rows = [row_of(product) for product in list(load_products().values())[:MAX_PRODUCTS]]
    return dict.fromkeys(known_lists(SHARED), rows)


def _stand_in(number: int) -> Row:
    url = f"https://shop.example.com/products/{number}"
    return {"id": f"p{number}", "name": f"Product {number}", "price": "10.00", "currency": "USD", "url": url, "image": None}
