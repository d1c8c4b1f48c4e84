"""The demo shop's purchases: real purchases of CDNOW customers in 1997 and 1998, shifted in time.

The data file is part of the PyPI package `lifetimes` (MIT). Only the file is read; the package is never imported, since its
dependencies are not installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import metadata
from pathlib import Path

PURCHASES, CUSTOMERS, LAST_DAY = 69_659, 23_570, date(1998, 6, 30)
_FILE = "lifetimes/datasets/CDNOW_master.txt"


class ShopError(RuntimeError):
    """The purchase history is missing or has unexpected content."""


@dataclass(frozen=True)
class Purchase:
    """One purchase. `customer` is CDNOW's customer number, `amount` is in US dollars, as text."""

    number: int
    customer: int
    day: date
    items: int
    amount: str


def history_file() -> Path:
    """The purchase file of the installed package `lifetimes`. Raises `ShopError`."""
    try:
        path = Path(str(metadata.distribution("lifetimes").locate_file(_FILE)))
    except metadata.PackageNotFoundError:
        path = Path(_FILE)
    if not path.is_file():
        raise ShopError(f"{_FILE} is not installed. Run: pip install --no-deps lifetimes==0.11.3")
    return path


def purchases(until: date, path: Path | None = None) -> list[Purchase]:
    """All purchases in the file's order, shifted by whole days so that the last one is on the day before `until`."""
    path = path or history_file()
    shift = until - timedelta(days=1) - LAST_DAY
    lines = path.read_text(encoding="ascii").splitlines()[1:]
    try:
        found = [_purchase(number, line, shift) for number, line in enumerate(lines, start=1)]
    except ValueError as error:
        raise ShopError(f"{path}: a line does not have the format 'customer date items dollars' ({error}).") from None
    customers, last = len({purchase.customer for purchase in found}), max((each.day for each in found), default=None)
    if (len(found), customers, last) != (PURCHASES, CUSTOMERS, until - timedelta(days=1)):
        raise ShopError(
            f"{path} has {len(found)} purchases of {customers} customers, expected {PURCHASES} of {CUSTOMERS}. "
            "Run: pip install --no-deps --force-reinstall lifetimes==0.11.3"
        )
    return found


def _purchase(number: int, line: str, shift: timedelta) -> Purchase:
    customer, day, items, amount = line.split()
    moved = datetime.strptime(f"{day}+0000", "%Y%m%d%z").date() + shift
    return Purchase(number, int(customer), moved, int(items), amount)
