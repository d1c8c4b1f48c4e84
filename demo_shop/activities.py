"""The demo shop's activities: sign-ins, page views and baskets of the last thirty days, invented.

Deterministic for a customer number and day, like `people`. A quarter of the customers visited the shop.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

from demo_shop import names

COLUMNS = ("activity_id", "subscriber_id", "name", "happened_at", "properties")
Activity = tuple[str, str, str, str, str | None]
"""A row with these columns, all text; a sign-in has no properties."""
DAYS, VISITING_SHARE, MAX_VISITS, MAX_PAGES = 30, 0.25, 3, 3
SIGN_IN_SHARE, BASKET_SHARE = 0.6, 0.25


def activities(customers: Iterable[int], until: date) -> Iterator[Activity]:
    """Every activity of these customers in the thirty days before `until`, in the order of their ids."""
    end = datetime(until.year, until.month, until.day, tzinfo=UTC)
    for customer in customers:
        random = Random(f"tradewind activities {customer}")
        if random.random() >= VISITING_SHARE:
            continue
        happened = [one for _ in range(random.randint(1, MAX_VISITS)) for one in _visit(random, end)]
        for number, (name, moment, properties) in enumerate(sorted(happened, key=lambda one: one[1])):
            text = json.dumps(properties) if properties else None
            yield f"A{customer:05d}-{number:02d}", f"C{customer:05d}", name, f"{moment:%Y-%m-%d %H:%M:%S}", text


def _visit(random: Random, end: datetime) -> Iterator[tuple[str, datetime, dict[str, object]]]:
    """What one visit consists of, as (name, time, properties). It ends before `end`."""
    moment, genre = end - timedelta(seconds=random.randrange(3_600, DAYS * 86_400)), random.choice(names.GENRES)
    if random.random() < SIGN_IN_SHARE:
        yield "sign_in", moment, {}
    for page in range(random.randint(1, MAX_PAGES)):
        moment += timedelta(seconds=random.randrange(5, 300))
        yield "page_view", moment, {"page": f"/{genre}/{page + 1}", "product": f"{genre}-{page + 1}"}
    if random.random() < BASKET_SHARE:
        value = random.randrange(8, 40)
        product = f"{genre}-{1 + value % MAX_PAGES}"
        yield "basket_add", moment + timedelta(seconds=20), {"genre": genre, "value": value, "product": product}
