"""A value that cannot be read as a yes is a no. The tests assert on the audience of a plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.core import clock
from include.core.keys import address_key
from include.core.paths import PROJECT, DataPaths
from include.ledger import consent, suppressions
from include.ledger.consent import MARKETING, TRACKING, Consent
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.validate import alerts
from tests.rows import Row, subscriber
from tests.validate.conftest import query
from tests.validate.people import audience, ingest, mailed, tracked

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
NEWER, OLDER = "2026-01-01 00:00:00", "2024-01-01 00:00:00"
KNOWN = subscriber(1)
OTHERS = [subscriber(number) for number in range(2, 5)]
AHEAD = (clock.now() + timedelta(hours=20)).strftime("%Y-%m-%d %H:%M:%S")

WITHDRAWN: dict[str, Row] = {
    "opted out": {"status": "opted_out"},
    "deleted": {"status": "deleted"},
    "cleaned": {"status": "Cleaned"},
    "Unsubscribe": {"status": "Unsubscribe"},
    "opt-out": {"status": " Opt-Out "},
    "unsubscribed": {"status": "UNSUBSCRIBED"},
    "no status": {"status": None},
    "blank status": {"status": " "},
    "a status that nobody knows": {"status": "aktiv"},
    "no lawful basis": {"lawful_basis": None},
    "no source of consent": {"consent_source": " "},
    "no time of consent": {"consented_at": None},
    "no wording": {"consent_wording": ""},
    "unreadable consent": {"consented_at": "long ago"},
    "unreadable expiry": {"consent_expires_at": "2025-02-30"},
    "expired": {"consent_expires_at": "2025-12-31"},
    "no address": {"email": None},
    "broken address": {"email": "no address"},
    "pending again": {"status": "pending"},
    "broken time zone": {"timezone": "Mars"},
}


def changed(variants: Mapping[str, Row], **more: Any) -> list[Row]:
    """One subscriber per variant, each with its change."""
    return [subscriber(100 + place) | change | more for place, change in enumerate(variants.values())]


def unchanged(variants: Mapping[str, Row]) -> dict[str, Row]:
    """The same subscribers before their change."""
    return {name: {} for name in variants}


def names(variants: Mapping[str, Row], ids: set[str]) -> set[str]:
    """The variants of these ids."""
    return {name for place, name in enumerate(variants) if f"S{100 + place}" in ids}


@pytest.mark.parametrize("full", [True, False])
def test_a_known_subscriber_whose_row_is_no_longer_a_consent_is_not_mailed(stores: Stores, full: bool) -> None:
    ingest(stores.paths, *changed(unchanged(WITHDRAWN)), *OTHERS)
    assert len(mailed(stores)) == len(WITHDRAWN) + 3
    ingest(stores.paths, *changed(WITHDRAWN, updated_at=NEWER), *OTHERS, since=None if full else SINCE)
    assert names(WITHDRAWN, mailed(stores)) == set()
    assert mailed(stores) == {"S2", "S3", "S4"}


CLOCKS: dict[str, Row] = {
    f"{status} at {clock}": {"status": status, "updated_at": clock}
    for status in ("unsubscribed", "opted_out")
    for clock in (OLDER, KNOWN["updated_at"], NEWER, "rubbish", None, AHEAD, "9999-12-31")
}


@pytest.mark.parametrize("full", [True, False])
def test_a_refusal_counts_whatever_its_updated_at(stores: Stores, full: bool) -> None:
    before = changed(unchanged(CLOCKS))
    ingest(stores.paths, *before, *OTHERS)
    assert len(mailed(stores)) == len(CLOCKS) + 3
    for _ in range(2):
        ingest(stores.paths, *changed(CLOCKS), *OTHERS, since=None if full else SINCE)
        assert names(CLOCKS, mailed(stores)) == set()
    ingest(stores.paths, *(row | {"updated_at": "2026-02-01"} for row in before), *OTHERS)
    assert mailed(stores) == {"S2", "S3", "S4"}, "the consent is older than the refusal"


def test_consent_given_after_a_refusal_counts(stores: Stores) -> None:
    ingest(stores.paths, KNOWN, *OTHERS)
    ingest(stores.paths, KNOWN | {"status": "unsubscribed", "updated_at": "2025-07-01"}, *OTHERS)
    ingest(stores.paths, KNOWN | {"consented_at": "2025-07-02", "updated_at": "2025-07-02"}, *OTHERS)
    assert mailed(stores) == {"S1", "S2", "S3", "S4"}


def test_a_quarantined_row_suppresses_until_a_good_row_arrives_even_if_not_newer(stores: Stores) -> None:
    ingest(stores.paths, KNOWN, *OTHERS)
    ingest(stores.paths, KNOWN | {"timezone": "Mars", "updated_at": NEWER}, *OTHERS)
    assert audience(stores)["S1"][:2] == ("suppressed", "row_quarantined")
    ingest(stores.paths, *OTHERS, since=SINCE)
    assert "S1" not in mailed(stores)
    ingest(stores.paths, KNOWN, *OTHERS)
    assert "S1" in mailed(stores)


def test_a_bad_row_with_a_newer_good_row_in_the_batch_suppresses_nobody(stores: Stores) -> None:
    ingest(stores.paths, KNOWN)
    bad, good = KNOWN | {"timezone": "Mars", "updated_at": "2025-08-01"}, KNOWN | {"updated_at": "2025-08-02"}
    ingest(stores.paths, good, bad)
    assert mailed(stores) == {"S1"}
    ingest(stores.paths, KNOWN | {"updated_at": "2025-07-31"}, bad)
    assert mailed(stores) == set()


@pytest.mark.parametrize("bad", [{"lawful_basis": None}, {"subscriber_id": None, "timezone": "Mars"}])
def test_a_new_subscriber_with_a_bad_row_and_an_older_good_row_is_suppressed(stores: Stores, bad: Row) -> None:
    ingest(stores.paths, *OTHERS, KNOWN | {"updated_at": OLDER}, KNOWN | bad | {"updated_at": NEWER})
    assert audience(stores)["S1"][:2] == ("suppressed", "row_quarantined")


def test_a_row_without_an_id_refuses_or_suppresses_by_its_address(stores: Stores) -> None:
    ingest(stores.paths, KNOWN, *OTHERS)
    ingest(
        stores.paths, KNOWN | {"subscriber_id": None, "status": "unsubscribed", "email": "Person1@Example.com"}, since=SINCE
    )
    ingest(stores.paths, OTHERS[0] | {"subscriber_id": None, "timezone": "Mars", "updated_at": NEWER}, since=SINCE)
    assert mailed(stores) == {"S3", "S4"}


def test_a_refusal_without_an_address_applies_to_the_known_address(stores: Stores) -> None:
    ingest(stores.paths, KNOWN, *OTHERS)
    ingest(stores.paths, KNOWN | {"email": None, "status": "unsubscribed", "updated_at": NEWER}, *OTHERS)
    ingest(stores.paths, subscriber(9, email=KNOWN["email"], updated_at="2026-02-01"), since=SINCE)
    assert mailed(stores) == {"S2", "S3", "S4"}


UNTRACKED: dict[str, Row] = {
    f"{word} at {clock}": {"tracking_consent": word, "updated_at": clock}
    for word in ("withdrawn", "perhaps", None, "no", "0")
    for clock in (NEWER, OLDER, "rubbish", KNOWN["updated_at"])
}


def test_tracking_consent_other_than_yes_ends_tracking_at_once(stores: Stores) -> None:
    before = changed(unchanged(UNTRACKED))
    ingest(stores.paths, *before, *OTHERS)
    assert len(tracked(stores)) == len(UNTRACKED) + 3
    ingest(stores.paths, *changed(UNTRACKED), *OTHERS)
    ingest(stores.paths, *before, *OTHERS)
    assert tracked(stores) == {"S2", "S3", "S4"}
    assert mailed(stores) > {"S2", "S3", "S4"}, "subscribers without tracking consent may be mailed"
    ingest(stores.paths, *(row | {"updated_at": "2026-03-01"} for row in before), *OTHERS)
    assert len(tracked(stores)) == len(UNTRACKED) + 3


def test_a_stopped_batch_applies_only_its_refusals_and_tracking_refusals(stores: Stores) -> None:
    people = [subscriber(number) for number in range(100)]
    ingest(stores.paths, *people)
    broken = [row | {"timezone": "Mars", "updated_at": NEWER} if place % 4 == 0 else row for place, row in enumerate(people)]
    broken[0] |= {"status": "opted_out"}
    broken[1] |= {"status": "unsubscribed", "updated_at": OLDER}
    broken[2] |= {"tracking_consent": "withdrawn"}
    broken[3] |= {"lawful_basis": None}
    broken[4] |= {"tracking_consent": None}
    assert ingest(stores.paths, *broken) is None
    said = audience(stores)
    assert {person for person, (state, *_) in said.items() if state != "planned"} == {"S0", "S1", "S3"}
    assert {person for person, (*_, is_tracked) in said.items() if not is_tracked} == {"S2"}
    assert ingest(stores.paths, *people[:10]) is None, "an empty or truncated source changes no consent"
    assert len(mailed(stores)) == 97


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_rows_with_the_same_time_the_refusal_counts(stores: Stores, order: int) -> None:
    rows = [KNOWN | {"status": "unsubscribed"}, KNOWN][::order]
    ingest(stores.paths, *rows)
    assert mailed(stores) == set()
    ingest(stores.paths, KNOWN)
    assert mailed(stores) == set()


LEFT: dict[str, Row] = {
    f"{reason} and then {local}": {"email": f"{local}@example.com", "updated_at": NEWER, "consented_at": NEWER}
    for reason in ("unsubscribe", "spam_complaint", "manual", "erasure")
    for local in (f"new-{reason}", f"person+{reason}")
}


def test_a_suppression_applies_to_every_address_of_the_id(stores: Stores) -> None:
    before = changed(unchanged(LEFT))
    ingest(stores.paths, *before)
    for name, row in zip(LEFT, before, strict=True):
        key = address_key(stores.secrets.address_key, row["email"])
        suppressions.suppress(stores.ledger, [Suppression(key, name.partition(" ")[0], "test", clock.now().timestamp())])
    ingest(stores.paths, *changed(LEFT))
    assert [reason for _, reason, _ in dict(sorted(audience(stores).items())).values()] == [
        name.partition(" ")[0] for name in LEFT
    ]


def test_a_bounce_applies_to_one_address_only(stores: Stores) -> None:
    ingest(stores.paths, KNOWN)
    key = address_key(stores.secrets.address_key, KNOWN["email"])
    suppressions.suppress(stores.ledger, [Suppression(key, "hard_bounce", "webhook", clock.now().timestamp())])
    assert mailed(stores) == set()
    ingest(stores.paths, KNOWN | {"email": "new@example.com", "updated_at": NEWER})
    assert mailed(stores) == {"S1"}


def test_consent_under_a_new_id_counts_if_later_than_the_refusal(stores: Stores) -> None:
    refused = KNOWN | {"status": "unsubscribed", "updated_at": "2025-07-01"}
    early = KNOWN | {"subscriber_id": "N1", "updated_at": "2025-08-01"}
    ingest(stores.paths, refused)
    ingest(stores.paths, refused, early)
    assert mailed(stores) == set()
    late = early | {"consented_at": "2025-09-01", "updated_at": "2025-09-01"}
    for _ in range(3):
        ingest(stores.paths, refused, late)
        assert mailed(stores) == {"N1"}
    ingest(stores.paths, refused | {"country": "DE", "updated_at": "2025-08-15"}, late)
    assert mailed(stores) == {"N1"}, "a repeated refusal is not a new answer"
    ingest(stores.paths, KNOWN | {"status": "unsubscribed", "updated_at": "2025-10-01"}, late)
    assert mailed(stores) == set()


@pytest.mark.parametrize("reason", ["unsubscribe", "spam_complaint"])
def test_only_a_confirmation_ends_an_unsubscribe_or_complaint(stores: Stores, reason: str) -> None:
    ingest(stores.paths, KNOWN)
    old, new = (address_key(stores.secrets.address_key, email) for email in (KNOWN["email"], "new@example.com"))
    now = clock.now().timestamp()
    suppressions.suppress(stores.ledger, [Suppression(old, reason, "edge", now - 500)])
    moved = KNOWN | {"email": "new@example.com", "updated_at": NEWER}
    ingest(stores.paths, moved)
    ingest(stores.paths, moved | {"consented_at": f"{clock.now():%Y-%m-%d %H:%M:%S}", "updated_at": "2026-02-01"})
    assert mailed(stores) == set()
    consent.record(stores.ledger, [Consent(new, MARKETING, True, "double_opt_in", now - 400)])
    assert mailed(stores) == {"S1"}
    assert suppressions.suppress(stores.ledger, [Suppression(old, reason, "edge", now - 300)]) == 1
    assert mailed(stores) == set(), "the newest answer is a refusal, under the old address"
    consent.record(stores.ledger, [Consent(new, MARKETING, True, "preference_page", now - 200)])
    assert mailed(stores) == {"S1"}
    assert suppressions.suppress(stores.ledger, [Suppression(old, reason, "edge", now - 300)]) == 0


def test_a_confirmation_overrides_a_refusal_that_landed_before_it_only(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = address_key(stores.secrets.address_key, KNOWN["email"])

    def confirm(day: datetime) -> None:
        consent.record(stores.ledger, [Consent(key, MARKETING, True, "preference_page", day.timestamp())])

    def refuse(day: datetime, *, landed: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: landed)
        ingest(stores.paths, KNOWN | {"status": "unsubscribed", "updated_at": day.isoformat()})

    ingest(stores.paths, KNOWN)
    confirm(datetime(2025, 6, 15, tzinfo=UTC))
    refuse(datetime(2025, 7, 1, tzinfo=UTC), landed=datetime(2025, 7, 2, tzinfo=UTC))
    assert mailed(stores) == set()
    confirm(datetime(2025, 8, 1, tzinfo=UTC))
    assert mailed(stores) == {"S1"}
    refuse(datetime(2025, 7, 31, tzinfo=UTC), landed=datetime(2025, 8, 2, tzinfo=UTC))
    assert mailed(stores) == set()


def test_tracking_declined_on_the_preference_page_applies_to_every_address(stores: Stores) -> None:
    ingest(stores.paths, KNOWN)
    key = address_key(stores.secrets.address_key, KNOWN["email"])
    consent.record(stores.ledger, [Consent(key, TRACKING, False, "preference_page", clock.now().timestamp())])
    ingest(stores.paths, KNOWN | {"email": "new@example.com", "updated_at": NEWER})
    assert (mailed(stores), tracked(stores)) == ({"S1"}, set())


def test_many_suppressed_subscribers_raise_an_alert_and_few_do_not(paths: DataPaths, ledger: Ledger) -> None:
    people = [subscriber(number) for number in range(100)]
    ingest(paths, *people)
    for count in (19, 20):
        bad = [row | {"timezone": "Mars"} for row in people[:count]]
        ingest(paths, *bad, since=SINCE)
        (run,) = {name for (name,) in query(paths, "select distinct landed_run from core.held_back")}
        assert alerts.alert_on_suppressed(paths, run) == count
        assert len(list(paths.alerts.glob("*row-quarantined*"))) == (count == 20)
    (alert,) = paths.alerts.glob("*row-quarantined*")
    assert "20 subscribers are suppressed" in alert.read_text()
    assert "@" not in alert.read_text()


def test_the_contract_lists_the_words_of_refusal_that_the_sql_accepts() -> None:
    text = Path(PROJECT / "docs" / "data-contract.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"<!-- says no -->\n(.*?)\n<!-- /says no -->", text, re.DOTALL)
    sql = (PROJECT / "include" / "sql" / "warehouse" / "026_says_no.sql").read_text(encoding="utf-8")
    honoured = re.findall(r"'([a-z0-9]+)'", sql.partition(" in (")[2])
    assert [word.strip("`") for word in re.split(r",\s+", listed)] == honoured


def test_subscribers_missing_from_one_full_pass_are_not_mailed_until_confirmed(stores: Stores) -> None:
    """Many deletions are held: these subscribers are not mailed until a row of theirs arrives."""
    people = [subscriber(number) for number in range(100)]
    confirmed = address_key(stores.secrets.address_key, people[99]["email"])
    consent.record(stores.ledger, [Consent(confirmed, MARKETING, True, "test", 0.0)])
    ingest(stores.paths, *people)
    assert len(mailed(stores)) == 100
    ingest(stores.paths, *people[:80])
    assert mailed(stores) == {f"S{number}" for number in range(80)}
    assert audience(stores)["S99"][:2] == ("suppressed", "unseen_at_source")
    ingest(stores.paths, people[90], since=SINCE)
    assert mailed(stores) == {f"S{number}" for number in (*range(80), 90)}
    ingest(stores.paths, *people)
    assert len(mailed(stores)) == 100
