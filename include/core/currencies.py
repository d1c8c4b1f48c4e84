"""Currencies that exist, by the codes of ISO 4217, and the one that was meant by a code that does not."""

from __future__ import annotations

from functools import cache

from include.core.suggestion import closest

_USUAL = (
    "USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "CNY", "CZK", "DKK", "HKD", "HUF", "ILS", "INR", "KRW", "MXN", "NOK",
    "NZD", "PLN", "RON", "SEK", "SGD", "TRY", "UAH", "ZAR", "BRL", "AED", "THB",
)  # fmt: skip
"""Known without the data of Babel, whose import takes a tenth of a second. Of codes that are as near, these are meant."""


def require_currency(code: str) -> str:
    """The code. Raises `ValueError` with the currency that was probably meant, also for one that is no longer in use."""
    return code if code in _USUAL or code in _in_use() else _refuse(code)


def require_currency_of_any_time(code: str) -> str:
    """The code of a currency that is or was in use: purchases before a currency reform are in the old one."""
    if code in _USUAL:
        return code
    from babel.numbers import list_currencies

    return code if code in list_currencies() and code not in _no_currencies() else _refuse(code)


def _refuse(code: str) -> str:
    known = _in_use()
    near = _successor(code) or closest(code, _USUAL) or closest(code, sorted(known))
    remedy = f"Did you mean {near}?" if near else "Write a code of ISO 4217, as in EUR."
    raise ValueError(f"'{code[:40]}' is not a currency that is in use. {remedy}")


@cache
def _in_use() -> frozenset[str]:
    """The legal tenders of today, by CLDR's table of territories, in which ISO 4217's list is kept with its dates."""
    from babel.core import get_global
    from babel.numbers import get_territory_currencies

    return frozenset(
        code for territory in get_global("territory_currencies") for code in get_territory_currencies(territory)
    )


@cache
def _no_currencies() -> frozenset[str]:
    """Codes of ISO 4217 for no currency, for tests, for metals and for units of account."""
    from babel.numbers import list_currencies

    return frozenset(code for code in list_currencies() if code.startswith("X")) - _in_use()


def _successor(code: str) -> str:
    """The tender that the only territory of a former one has today: EUR for DEM."""
    from babel.core import get_global
    from babel.numbers import get_territory_currencies

    tables = get_global("territory_currencies")
    last = [place for place, table in tables.items() if len(place) == 2 and any(row[0] == code for row in table)]
    today = {current for place in last for current in get_territory_currencies(place)[:1]}
    return today.pop() if len(today) == 1 else ""
