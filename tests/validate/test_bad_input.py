"""Known kinds of bad input, each with its reason for quarantine; and unusual but valid input."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.core import clock
from include.core.paths import DataPaths
from include.validate.batch import validate_batch
from tests.rows import Row, activity, purchase, subscriber
from tests.validate.conftest import land_rows, query

TOMORROW_WEEK = (clock.now() + timedelta(days=8)).strftime("%Y-%m-%d %H:%M:%S")
HALF_DAY_AHEAD = (clock.now() + timedelta(hours=12)).strftime("%Y-%m-%d %H:%M:%S")

REFUSED: dict[str, tuple[Row, set[str]]] = {
    "empty address": ({"email": ""}, {"address_missing"}),
    "NULL address": ({"email": None}, {"address_missing"}),
    "blank address": ({"email": "   "}, {"address_missing"}),
    "no @": ({"email": "plain"}, {"address_syntax"}),
    "two @": ({"email": "a@b@c.com"}, {"address_syntax"}),
    "leading dot": ({"email": ".x@e.org"}, {"address_syntax"}),
    "trailing dot": ({"email": "x.@e.org"}, {"address_syntax"}),
    "two dots": ({"email": "a..b@e.org"}, {"address_syntax"}),
    "localhost": ({"email": "u@localhost"}, {"address_syntax"}),
    "domain literal": ({"email": "u@[127.0.0.1]"}, {"address_syntax"}),
    "bare IP": ({"email": "u@127.0.0.1"}, {"address_syntax"}),
    "no local part": ({"email": "@e.org"}, {"address_syntax"}),
    "no domain": ({"email": "u@"}, {"address_syntax"}),
    "hyphen at the edge of a label": ({"email": "u@-e.org"}, {"address_syntax"}),
    "65-character local part": ({"email": f"{'x' * 65}@e.org"}, {"address_syntax"}),
    "endless domain": ({"email": f"u@{'x.' * 150}org"}, {"address_syntax"}),
    "header injection": ({"email": "u@e.org\r\nBcc: v@e.org"}, {"address_syntax", "control_character"}),
    "zero-width space": ({"email": "u\u200b@e.org"}, {"address_syntax"}),
    "Cyrillic look-alike in the local part": ({"email": "\u0430nna@e.org"}, {"address_syntax"}),
    "Cyrillic look-alike in the domain": ({"email": "u@\u0430pple.example.com"}, {"address_confusable"}),
    "full-width local part": ({"email": "\uff55@e.org"}, {"address_syntax"}),
    "display name": ({"email": "Name <u@e.org>"}, {"address_syntax"}),
    "two addresses": ({"email": "u@e.org, v@e.org"}, {"address_syntax"}),
    "two addresses without a space": ({"email": "u@e.org;v@e.org"}, {"address_syntax"}),
    "quoted local part": ({"email": '"u u"@e.org'}, {"address_syntax"}),
    "disposable domain": ({"email": "u@mailinator.com"}, {"address_disposable"}),
    "below a disposable domain": ({"email": "u@mx.mailinator.com"}, {"address_disposable"}),
    "postmaster": ({"email": "postmaster@e.org"}, {"address_role"}),
    "Abuse in capitals": ({"email": "ABUSE@e.org"}, {"address_role"}),
    "no-reply": ({"email": "no-reply@e.org"}, {"address_role"}),
    "no id": ({"subscriber_id": None}, {"id_missing"}),
    "an address as id": ({"subscriber_id": "u@e.org"}, {"id_form"}),
    "endless id": ({"subscriber_id": "x" * 201}, {"id_too_long"}),
    "unit separator in an id": ({"subscriber_id": "a\x1fb"}, {"control_character"}),
    "unknown status": ({"status": "aktiv"}, {"status_unknown"}),
    "no status": ({"status": None}, {"status_unknown"}),
    "no lawful basis": ({"lawful_basis": None}, {"lawful_basis_missing"}),
    "blank lawful basis": ({"lawful_basis": " "}, {"lawful_basis_missing"}),
    "no source of consent": ({"consent_source": ""}, {"consent_source_missing"}),
    "no time of consent": ({"consented_at": None}, {"consented_at_missing"}),
    "no wording": ({"consent_wording": None}, {"consent_wording_missing"}),
    "consent in the future": ({"consented_at": TOMORROW_WEEK}, {"consent_in_future"}),
    "consent at the end of time": ({"consented_at": "9999-12-31"}, {"consent_in_future"}),
    "consent on no day": ({"consented_at": "0000-00-00"}, {"consented_at_unreadable"}),
    "consent long before sign-up": ({"consented_at": "2024-01-01"}, {"consent_before_sign_up"}),
    "consent before there were lists": (
        {"consented_at": "1066-10-14"},
        {"consent_before_sign_up", "consented_at_implausible"},
    ),
    "sign-up on no day": ({"signed_up_at": "0000-00-00 00:00:00"}, {"signed_up_at_unreadable"}),
    "sign-up at the end of time": ({"signed_up_at": "9999-12-31"}, {"signed_up_at_implausible", "consent_before_sign_up"}),
    "American date": ({"signed_up_at": "11/24/2025"}, {"signed_up_at_unreadable"}),
    "infinite sign-up": ({"signed_up_at": "infinity"}, {"signed_up_at_unreadable"}),
    "no time of change": ({"updated_at": None}, {"updated_at_unreadable"}),
    "change at the end of time": ({"updated_at": "9999-12-31"}, {"updated_at_implausible"}),
    "expiry on no day": ({"consent_expires_at": "2025-02-30"}, {"consent_expires_at_unreadable"}),
    "time zone on Mars": ({"timezone": "Mars/Phobos"}, {"timezone_unknown"}),
    "time zone as an offset": ({"timezone": "+02:00"}, {"timezone_unknown"}),
    "time zone as a path": ({"timezone": "../../etc/passwd"}, {"timezone_unknown"}),
    "locale in words": ({"locale": "English (United States)"}, {"locale_malformed"}),
    "locale with an encoding": ({"locale": "de_DE.UTF-8"}, {"locale_malformed"}),
    "country in words": ({"country": "Germany"}, {"country_unknown"}),
    "no such country": ({"country": "XX"}, {"country_unknown"}),
    "bell in a name": ({"first_name": "Ada\x07"}, {"control_character"}),
    "line break in a name": ({"last_name": "L\r\nBcc: v@e.org"}, {"control_character"}),
    "next line in a name": ({"last_name": "L\x85ovelace"}, {"control_character"}),
    "line separator in a name": ({"last_name": "L\u2028ovelace"}, {"control_character"}),
    "text turned around": ({"first_name": "\u202egnp.exe"}, {"control_character"}),
    "a megabyte of name": ({"first_name": "x" * 1_048_576}, {"name_too_long"}),
    "a lone surrogate": ({"first_name": b"Ad\xed\xa0\x80"}, {"undecodable"}),
    "Latin-1": ({"first_name": b"Zo\xeb"}, {"undecodable"}),
    "tracking consent in words": ({"tracking_consent": "perhaps"}, {"tracking_consent_unreadable"}),
    "broken attributes": ({"attributes": '{"a": 1'}, {"attributes_malformed"}),
    "attributes as a list": ({"attributes": "[1]"}, {"attributes_malformed"}),
    "endless attributes": ({"attributes": '{"a": "' + "x" * 20_000 + '"}'}, {"attributes_too_long"}),
}
PASSES: dict[str, Row] = {
    "Jinja in the address": {"email": "{{7*7}}@e.org"},
    "SQL in the address": {"email": "'or'1'='1@e.org"},
    "a formula as address": {"email": "=1+1@e.org"},
    "plus tag": {"email": "u+tag@e.org"},
    "spaces around": {"email": "  spaced@e.org "},
    "hard space around": {"email": "\xa0hard@e.org"},
    "capitals": {"email": "UPPER@E.ORG"},
    "internationalised domain": {"email": "u@b\xfccher.example.com"},
    "punycode": {"email": "v@xn--bcher-kva.example.com"},
    "info@": {"email": "info@e.org"},
    "64-character local part": {"email": f"{'x' * 64}@e.org"},
    "Jinja in a name": {"first_name": "{{ config }}{% for x in y %}"},
    "Handlebars in a name": {"first_name": "{{#each this}}"},
    "script in a name": {"last_name": "<script>alert(1)</script>"},
    "javascript: in attributes": {"attributes": '{"url": "javascript:alert(1)"}'},
    "SQL in a name": {"last_name": "Robert'); drop table subscribers;--"},
    "formula in a name": {"first_name": "=cmd|' /C calc'!A0"},
    "right-to-left mark": {"first_name": "\u200fAda"},
    "Arabic": {"first_name": "\u0639\u0644\u064a"},
    "emoji": {"first_name": "Ada \U0001f600"},
    "no name": {"first_name": None, "last_name": None},
    "no place": {"country": None, "locale": None, "timezone": None},
    "no sign-up": {"signed_up_at": None},
    "no attributes": {"attributes": None},
    "attributes over several lines": {"attributes": '{\n  "a": 1\n}'},
    "locale of a region by number": {"locale": "es-419"},
    "locale with a script": {"locale": "zh-Hant-TW"},
    "locale with an underscore": {"locale": "de_AT"},
    "old name of a time zone": {"timezone": "US/Eastern"},
    "country in small letters": {"country": "de"},
    "status in capitals": {"status": "SUBSCRIBED"},
    "local time ahead of UTC": {"updated_at": HALF_DAY_AHEAD},
    "unsubscribed without proof": {
        "status": "unsubscribed",
        "lawful_basis": None,
        "consented_at": None,
        "consent_wording": None,
    },
    "pending without proof": {"status": "pending", "consented_at": None, "consent_source": None},
    "unsubscribed before subscribed": {"status": "unsubscribed", "consented_at": "2024-01-01"},
    "consent on the day of sign-up": {"consented_at": "2025-05-01"},
    "consent that never expires": {"consent_expires_at": "9999-12-31"},
    "expired consent": {"consent_expires_at": "2025-06-01"},
    "times in milliseconds": {"updated_at": "1750000000000", "signed_up_at": "1746093600"},
    "ISO 8601 with a zone": {"consented_at": "2025-05-01T12:00:05+02:00"},
    "no word on tracking": {"tracking_consent": None},
}


@pytest.fixture(scope="module")
def reasons(module_paths: DataPaths) -> dict[str, set[str]]:
    """Case name → reasons for quarantine; empty for an accepted row."""
    changes = {name: change for name, (change, _) in REFUSED.items()} | PASSES
    rows = [subscriber(number) | change for number, change in enumerate(changes.values())]
    rows += [subscriber(number) for number in range(1_000, 1_400)]
    validate_batch(module_paths, land_rows(module_paths, "subscribers", rows))
    found = {number: set(why) for number, why in query(module_paths, "select row_number, reasons from quality.quarantine")}
    return {name: found.get(number, set()) for number, name in enumerate(changes)} | {
        "clean": set().union(*(why for number, why in found.items() if number >= len(changes)), set())
    }


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_row_is_quarantined_with_its_reason(reasons: dict[str, set[str]], name: str) -> None:
    assert reasons[name] == REFUSED[name][1]


@pytest.mark.parametrize("name", [*PASSES, "clean"])
def test_a_valid_row_is_accepted(reasons: dict[str, set[str]], name: str) -> None:
    assert reasons[name] == set()


def test_a_quarantined_row_is_stored_in_full(reasons: dict[str, set[str]], module_paths: DataPaths) -> None:
    number = list(REFUSED).index("time zone on Mars")
    found = query(
        module_paths,
        f"select source_key, raw_row->>'timezone', raw_row->>'email' from quality.quarantine where row_number = {number}",
    )
    assert found == [(f"S{number}", "Mars/Phobos", f"person{number}@example.com")]


def test_results_contain_no_personal_data(reasons: dict[str, set[str]], module_paths: DataPaths) -> None:
    for table in ("quality.results", "quality.runs"):
        text = str(query(module_paths, f"select * from {table}"))
        assert "address_syntax" in text or table == "quality.runs"
        assert "@" not in text
        assert "Lovelace" not in text


PURCHASES_REFUSED: dict[str, tuple[Row, set[str]]] = {
    "no id": ({"purchase_id": None}, {"purchase_id_missing"}),
    "nobody": ({"subscriber_id": ""}, {"subscriber_id_missing"}),
    "an address as subscriber": ({"subscriber_id": "u@e.org"}, {"id_form"}),
    "no day": ({"purchased_at": "0000-00-00"}, {"purchased_at_unreadable"}),
    "NULL day": ({"purchased_at": None}, {"purchased_at_unreadable"}),
    "the end of time": ({"purchased_at": "9999-12-31"}, {"purchased_at_implausible"}),
    "amount in words": ({"amount": "eleven"}, {"amount_unreadable"}),
    "not a number": ({"amount": "NaN"}, {"amount_unreadable"}),
    "NULL amount": ({"amount": None}, {"amount_unreadable"}),
    "currency sign": ({"currency": "$"}, {"currency_malformed"}),
    "no currency": ({"currency": None}, {"currency_malformed"}),
    "negative items": ({"items": "-1"}, {"items_malformed"}),
    "items in words": ({"items": "two"}, {"items_malformed"}),
    "control character": ({"purchase_id": "P\x00", "amount": "1"}, {"control_character"}),
}
PURCHASES_PASS: dict[str, Row] = {
    "gift": {"amount": "0.00"},
    "refund": {"amount": "-5"},
    "small currency": {"currency": "eur"},
    "items unknown": {"items": None},
}


ACTIVITIES_REFUSED: dict[str, tuple[Row, set[str]]] = {
    "no id": ({"activity_id": None}, {"activity_id_missing"}),
    "endless id": ({"activity_id": "A" * 201}, {"activity_id_too_long"}),
    "no subscriber": ({"subscriber_id": ""}, {"subscriber_id_missing"}),
    "an address as subscriber": ({"subscriber_id": "ada@example.com"}, {"id_form"}),
    "no name": ({"name": None}, {"name_malformed"}),
    "blank name": ({"name": "  "}, {"name_malformed"}),
    "an address as name": ({"name": "ada@example.com"}, {"name_malformed"}),
    "a sentence as name": ({"name": "looked at the new album; put it back."}, {"name_malformed"}),
    "endless name": ({"name": "x" * 65}, {"name_malformed"}),
    "formula as name": ({"name": "=1+1"}, {"name_malformed"}),
    "no time": ({"happened_at": None}, {"happened_at_unreadable"}),
    "zero date": ({"happened_at": "0000-00-00 00:00:00"}, {"happened_at_unreadable"}),
    "the end of time": ({"happened_at": "9999-12-31"}, {"happened_at_implausible"}),
    "properties cut off": ({"properties": '{"page": '}, {"properties_malformed"}),
    "a list as properties": ({"properties": "[1]"}, {"properties_malformed"}),
    "endless properties": ({"properties": '{"page": "' + "x" * 16_384 + '"}'}, {"properties_too_long"}),
    "control character": ({"activity_id": "A\x00"}, {"control_character"}),
    "undecodable": ({"activity_id": "A\ufffd"}, {"undecodable"}),
}
ACTIVITIES_PASS: dict[str, Row] = {
    "no properties": {"properties": None},
    "name with spaces": {"name": "Product Viewed"},
    "name in another language": {"name": "Warenkorb geöffnet"},
    "properties over several lines": {"properties": '{\n  "page": "/jazz"\n}'},
    "Unix milliseconds": {"happened_at": "1751371200000"},
}


def test_bad_activities_are_quarantined_with_their_reason(paths: DataPaths) -> None:
    changes = {name: change for name, (change, _) in ACTIVITIES_REFUSED.items()} | ACTIVITIES_PASS
    rows = [activity(number) | change for number, change in enumerate(changes.values())]
    rows += [activity(number) for number in range(1_000, 1_100)]
    validate_batch(paths, land_rows(paths, "activities", rows))
    found = {number: set(why) for number, why in query(paths, "select row_number, reasons from quality.quarantine")}
    named = {name: found.pop(number, set()) for number, name in enumerate(changes)}
    assert named == {name: why for name, (_, why) in ACTIVITIES_REFUSED.items()} | {name: set() for name in ACTIVITIES_PASS}
    assert found == {}


def test_bad_purchases_are_quarantined_with_their_reason(paths: DataPaths) -> None:
    changes = {name: change for name, (change, _) in PURCHASES_REFUSED.items()} | PURCHASES_PASS
    rows = [purchase(number) | change for number, change in enumerate(changes.values())]
    rows += [purchase(7), *(purchase(number) for number in range(1_000, 1_100))]
    validate_batch(paths, land_rows(paths, "purchases", rows))
    found = {number: set(why) for number, why in query(paths, "select row_number, reasons from quality.quarantine")}
    named = {name: found.pop(number, set()) for number, name in enumerate(changes)}
    assert named == {name: why for name, (_, why) in PURCHASES_REFUSED.items()} | {name: set() for name in PURCHASES_PASS}
    assert found == {}
