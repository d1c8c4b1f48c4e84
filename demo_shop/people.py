"""The people of the demo shop: invented, and deterministic for a customer number and day.

Only the purchases are real, those of CDNOW's customer with the same number. Name, address, country, consent and sign-up
date are made up.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from demo_shop import names

Row = dict[str, str | None]
Choice = TypeVar("Choice", bound=tuple[Any, ...])
COLUMNS = (
    "subscriber_id",
    "email",
    "first_name",
    "last_name",
    "country",
    "locale",
    "timezone",
    "signed_up_at",
    "status",
    "lawful_basis",
    "consent_source",
    "consented_at",
    "consent_wording",
    "consent_expires_at",
    "tracking_consent",
    "updated_at",
    "attributes",
)
RECENT_SHARE, RECENT_DAYS = 0.025, 13
GROWTH_SHARE, GROWTH_DAYS = 0.015, 84
_CONSENT = ("lawful_basis", "consent_source", "consented_at", "consent_wording", "consent_expires_at", "tracking_consent")
_TRACKING = {"en": 0.72, "de": 0.45, "fr": 0.38, "es": 0.55}
_FOLD = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "'": "", " ": ""})


def person(customer: int, first_purchase: date, until: date) -> Row:
    """The valid subscriber row of a customer number. All times are before `until`, as text in UTC."""
    random = Random(f"tradewind shop {customer}")
    _, country, locale, timezone = _weighted(random, names.PLACES)
    language = locale[:2]
    given, family = random.choice(names.FIRST_NAMES[language].split()), random.choice(names.LAST_NAMES[language].split())
    end = datetime(until.year, until.month, until.day, tzinfo=UTC) - timedelta(seconds=1)
    signed_up = _signed_up(random, first_purchase, end, Random(f"tradewind growth {customer}"))
    status = random.choices(("subscribed", "unsubscribed", "pending"), (89, 8, 3))[0]
    row: Row = {
        "subscriber_id": f"C{customer:05d}",
        "email": _address(random, given, family, customer),
        "first_name": given,
        "last_name": family,
        "country": country,
        "locale": locale,
        "timezone": timezone,
        "signed_up_at": _text(signed_up),
        "status": status,
        "attributes": _attributes(random, customer),
    }
    row |= _consent(random, signed_up, end, language, status)
    touched = max(signed_up, datetime.fromisoformat(f"{row['consented_at'] or row['signed_up_at']}+00:00"))
    row["updated_at"] = _text(touched + (end - touched) * random.random() ** 2)
    return row


def _signed_up(random: Random, first_purchase: date, end: datetime, growth: Random) -> datetime:
    """A sign-up time around the first purchase; some people signed up in the last weeks, most of them in the last two."""
    if random.random() < RECENT_SHARE:
        return end - timedelta(seconds=random.randrange(RECENT_DAYS * 86_400))
    first = datetime(first_purchase.year, first_purchase.month, first_purchase.day, tzinfo=UTC)
    around = first + timedelta(days=random.choice((-20, -7, -2, 0, 0, 0, 1, 14, 40)), seconds=random.randrange(86_400))
    if growth.random() < GROWTH_SHARE:
        return end - timedelta(days=RECENT_DAYS, seconds=growth.randrange(GROWTH_DAYS * 86_400))
    return around


def _consent(random: Random, signed_up: datetime, end: datetime, language: str, status: str) -> Row:
    """The consent columns: empty for pending sign-ups; some of the others have expired."""
    tracking = random.choices(("true", "false", None), (_TRACKING[language], 0.9 - _TRACKING[language], 0.1))[0]
    if status == "pending":
        absent: Row = dict.fromkeys(
            ("lawful_basis", "consent_source", "consented_at", "consent_wording", "consent_expires_at")
        )
        return absent | {"tracking_consent": None}
    consented = min(end, signed_up + timedelta(minutes=random.choice((0, 0, 3, 45, 600, 2_000))))
    lifetime = random.choices((None, 1_095, 730, 180), (70, 14, 13, 3))[0]
    return {
        "lawful_basis": random.choices(("consent", "legitimate_interest"), (85, 15))[0],
        "consent_source": random.choice(names.CONSENT_SOURCES),
        "consented_at": _text(consented),
        "consent_wording": f"v{1 + (consented.year * 12 + consented.month) // 7 % 4}",
        "consent_expires_at": _text(consented + timedelta(days=lifetime)) if lifetime else None,
        "tracking_consent": tracking,
    }


def _address(random: Random, given: str, family: str, customer: int) -> str:
    """A unique address: the local part ends in the customer number, and no name contains digits."""
    first, last = _ascii(given), _ascii(family)
    local = random.choice(
        (f"{first}.{last}", f"{first[0]}{last}", f"{first}", f"{last}.{first[0]}", f"{first}+cds", f"{last}_")
    )
    return f"{local}{customer}@{_weighted(random, names.DOMAINS)[1]}"


def _attributes(random: Random, customer: int) -> str | None:
    if random.random() < 0.2:
        return None
    known = {"genre": random.choice(names.GENRES), "loyalty_points": random.randrange(0, 5_000, 50)}
    return json.dumps(known | _birthday(Random(f"tradewind birthday {customer}")))


def _birthday(random: Random) -> dict[str, str]:
    """The month and day of the birthday, which most people gave to the shop."""
    if random.random() < 0.3:
        return {}
    return {"birthday": f"{date(2024, 1, 1) + timedelta(days=random.randrange(366)):%m-%d}"}


def _weighted(random: Random, table: Sequence[Choice]) -> Choice:
    return random.choices(table, [row[0] for row in table])[0]


def _ascii(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.lower().translate(_FOLD))
    return folded.encode("ascii", "ignore").decode()


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")
