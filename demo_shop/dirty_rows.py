"""Dirty and unusual rows, as real exports contain them: about two percent are invalid, a few more unusual but valid.

Each kind has a name and changes one row. Validation must reject each kind in `DIRTY` for its own reason, correct those in
`CORRECTABLE`, and accept those in `UNUSUAL`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from demo_shop.people import Row

DIRTY_SHARE, UNUSUAL_SHARE = 0.02, 0.004
Change = Callable[[Row, date], Row]


def _domain(row: Row) -> str:
    return str(row["email"]).partition("@")[2]


def _local(row: Row) -> str:
    return str(row["email"]).partition("@")[0]


DIRTY: dict[str, Change] = {
    "no address": lambda row, until: {"email": None},
    "empty address": lambda row, until: {"email": ""},
    "address without @": lambda row, until: {"email": _local(row)},
    "two @": lambda row, until: {"email": f"{_local(row)}@{_local(row)}@{_domain(row)}"},
    "leading dot": lambda row, until: {"email": f".{row['email']}"},
    "two dots": lambda row, until: {"email": f"a..{row['email']}"},
    "localhost": lambda row, until: {"email": f"{_local(row)}@localhost"},
    "long local part": lambda row, until: {"email": f"{_local(row):x<65}@{_domain(row)}"},
    "header injection": lambda row, until: {"email": f"{row['email']}\r\nBcc: victim@example.org"},
    "zero-width space": lambda row, until: {"email": f"\u200b{row['email']}"},
    "Cyrillic look-alike": lambda row, until: {"email": f"\u0430{row['email']}"},
    "two addresses": lambda row, until: {"email": f"{row['email']}, second@example.org"},
    "display name": lambda row, until: {"email": f"{row['first_name']} <{row['email']}>"},
    "unknown time zone": lambda row, until: {"timezone": "Mars/Phobos"},
    "locale in words": lambda row, until: {"locale": "English (United States)"},
    "country in words": lambda row, until: {"country": "United States"},
    "zero date": lambda row, until: {"signed_up_at": "0000-00-00 00:00:00"},
    "end of time": lambda row, until: {"signed_up_at": "9999-12-31 00:00:00"},
    "consent in the future": lambda row, until: {"status": "subscribed", "consented_at": f"{until + timedelta(days=400)}"},
    "no consent": lambda row, until: {"status": "subscribed", "consented_at": None},
    "no lawful basis": lambda row, until: {"status": "subscribed", "lawful_basis": None},
    "consent before sign-up": lambda row, until: {"status": "subscribed", "consented_at": "1996-02-29 12:00:00"},
    "unknown status": lambda row, until: {"status": "aktiv"},
    "control character": lambda row, until: {"first_name": f"{row['first_name']}\x07"},
    "line break in a name": lambda row, until: {"last_name": f"{row['last_name']}\r\nBcc: victim@example.org"},
    "endless name": lambda row, until: {"first_name": "x" * 20_000},
    "broken attributes": lambda row, until: {"attributes": '{"genre": "rock"'},
    "consent in words": lambda row, until: {"tracking_consent": "perhaps"},
}
CORRECTABLE: dict[str, Change] = {
    "spaces around the address": lambda row, until: {"email": f"  {row['email']} "},
    "locale with an underscore": lambda row, until: {"locale": str(row["locale"]).replace("-", "_")},
    "address in capitals": lambda row, until: {"email": str(row["email"]).upper()},
    "tracking consent as a number": lambda row, until: {"tracking_consent": "1"},
}
UNUSUAL: dict[str, Change] = {
    "Jinja in a name": lambda row, until: {"first_name": "{{ 7 * 7 }}{% raw %}"},
    "Handlebars in a name": lambda row, until: {"first_name": "{{#each this}}{{/each}}"},
    "script in a name": lambda row, until: {"last_name": "<script>alert(1)</script>"},
    "formula in a name": lambda row, until: {"first_name": "=1+1"},
    "right-to-left mark": lambda row, until: {"first_name": f"\u200f{row['first_name']}"},
    "braces in the address": lambda row, until: {"email": f"{{{{7*7}}}}{row['email']}"},
    "quotes in the address": lambda row, until: {"email": f"'or'1'='1{row['email']}"},
    "no name": lambda row, until: {"first_name": None, "last_name": None},
    "no place": lambda row, until: {"country": None, "locale": None, "timezone": None},
}
