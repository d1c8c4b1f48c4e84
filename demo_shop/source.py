"""The demo shop's source database: `python -m demo_shop.source --to PATH.sqlite --until YYYY-MM-DD`.

Purchases are real (see `history`), people and activities are invented (see `people` and `activities`), and the export has
typical defects: all columns are text, nothing is unique, some rows are invalid (see `dirty_rows`). The same day gives the
same rows.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

from demo_shop import activities, dirty_rows
from demo_shop.activities import Activity
from demo_shop.history import Purchase, ShopError, purchases
from demo_shop.people import COLUMNS, Row, person

_PURCHASES = ("purchase_id", "subscriber_id", "purchased_at", "amount", "currency", "items")


def build(to: Path, until: date) -> dict[str, int]:
    """Write the shop to a temporary file, then replace `to`. Returns counts; raises `ShopError`."""
    to.parent.mkdir(parents=True, exist_ok=True)
    history = purchases(until)
    people = list(subscribers(history, until))
    visits = list(activities.activities(sorted({purchase.customer for purchase in history}), until))
    temporary = to.with_name(f".{to.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        _write(temporary, history, (row for row, _ in people), visits)
        temporary.replace(to)
    finally:
        temporary.unlink(missing_ok=True)
    kinds = [kind for _, kind in people]
    return {"subscribers": len(people), "purchases": len(history), "activities": len(visits)} | {
        kind: kinds.count(kind) for kind in ("dirty", "unusual")
    }


def subscribers(history: Iterable[Purchase], until: date) -> Iterator[tuple[Row, str]]:
    """Each row with its kind: clean, dirty or unusual. Some customers were exported twice; some share an address."""
    first: dict[int, date] = {}
    for purchase in history:
        first[purchase.customer] = min(purchase.day, first.get(purchase.customer, purchase.day))
    clean: Row | None = None
    for customer in sorted(first):
        row, kind = person(customer, first[customer], until), _kind(customer)
        if kind == "clean":
            clean = row
        elif kind == "duplicate" and clean:
            row["email"] = str(clean["email"]).upper()
        elif kind == "twice":
            yield row | {"updated_at": row["signed_up_at"]}, "dirty"
        elif kind in _CHANGES:
            row |= _CHANGES[kind](row, until)
        yield row, _label(kind)


_DIRTY = [*dirty_rows.DIRTY, *dirty_rows.CORRECTABLE, "duplicate", "twice"]
_CHANGES = dirty_rows.DIRTY | dirty_rows.CORRECTABLE | dirty_rows.UNUSUAL


def _kind(customer: int) -> str:
    """The kind of a customer's row; it depends only on the number, so that it is the same on every day."""
    random = Random(f"tradewind dirt {customer}")
    draw = random.random()
    if draw < dirty_rows.DIRTY_SHARE:
        return random.choice(_DIRTY)
    if draw < dirty_rows.DIRTY_SHARE + dirty_rows.UNUSUAL_SHARE:
        return random.choice(list(dirty_rows.UNUSUAL))
    return "clean"


def _label(kind: str) -> str:
    if kind == "twice":
        return "clean"
    return "unusual" if kind in dirty_rows.UNUSUAL else "dirty" if kind in _DIRTY else "clean"


def _write(path: Path, history: Iterable[Purchase], people: Iterable[Row], visits: Iterable[Activity]) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("pragma journal_mode = off")
        connection.execute(f"create table subscribers ({', '.join(f'{name} text' for name in COLUMNS)})")
        connection.execute(f"create table purchases ({', '.join(f'{name} text' for name in _PURCHASES)})")
        connection.execute(f"create table activities ({', '.join(f'{name} text' for name in activities.COLUMNS)})")
        connection.execute("begin")
        connection.executemany(
            f"insert into subscribers values ({', '.join('?' * len(COLUMNS))})",
            ([row[name] for name in COLUMNS] for row in people),
        )
        connection.executemany("insert into purchases values (?, ?, ?, ?, ?, ?)", map(_purchase_row, history))
        connection.executemany("insert into activities values (?, ?, ?, ?, ?)", visits)
        connection.commit()
    finally:
        connection.close()


def _purchase_row(purchase: Purchase) -> tuple[str, ...]:
    return (
        f"P{purchase.number:06d}",
        f"C{purchase.customer:05d}",
        f"{purchase.day} 00:00:00",
        purchase.amount,
        "USD",
        str(purchase.items),
    )


def main(arguments: list[str] | None = None) -> int:
    """The command line. Prints one line; returns 1 with one line on stderr if the purchases are not installed."""
    parser = argparse.ArgumentParser(prog="python -m demo_shop.source", description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="the SQLite file to build")
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        default=datetime.now(UTC).date(),
        help="the demo's today; the last purchase is the day before",
    )
    options = parser.parse_args(arguments)
    try:
        counts = build(options.to, options.until)
    except (ShopError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"demo shop: {error}\n")
        return 1
    sys.stdout.write(f"demo shop: {', '.join(f'{count} {what}' for what, count in counts.items())}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
