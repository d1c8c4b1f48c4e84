"""Merging: the newest row wins, missing rows are deleted, refusals take effect, and a repeated merge changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from include.core import clock
from include.core.errors import QualityStop
from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.validate.batch import validate_batch
from include.validate.merge import MergeSummary, merge_batch
from include.warehouse.connection import open_warehouse
from tests.rows import Row, activity, purchase, subscriber
from tests.validate.conftest import land_rows, query

SINCE = datetime(2020, 1, 1, tzinfo=UTC)


def ingest(paths: DataPaths, *rows: Row, relation: str = "subscribers", since: datetime | None = None) -> MergeSummary:
    manifest = land_rows(paths, relation, list(rows), since=since)
    validate_batch(paths, manifest)
    return merge_batch(paths, manifest)


def live(paths: DataPaths) -> dict[str, str]:
    return dict(query(paths, "select subscriber_id, status from core.subscribers where deleted_at is null"))


def test_values_are_typed_and_normalised(paths: DataPaths) -> None:
    row = subscriber(
        1,
        email=" Ada@B\xfccher.example.com ",
        country="de",
        locale="de_AT",
        status="Subscribed",
        consented_at="2025-05-01T12:00:05+02:00",
        tracking_consent="Yes",
    )
    ingest(paths, row)
    (identity,) = query(paths, "select * from core.identities")
    key = address_key(load_secrets(paths).address_key, "ada@xn--bcher-kva.example.com")
    assert identity == ("S1", "Ada@xn--bcher-kva.example.com", key, "Ada", "Lovelace")
    statement = (
        "select address_key, country, locale, status, tracking_consent, mailbox_provider, consented_at from core.subscribers"
    )
    moment = datetime(2025, 5, 1, 10, 0, 5, tzinfo=UTC)
    assert query(paths, statement) == [(key, "DE", "de-AT", "subscribed", True, "other", moment)]


def test_missing_tracking_consent_is_no_consent(paths: DataPaths) -> None:
    ingest(paths, subscriber(1, tracking_consent=None), subscriber(2, tracking_consent="0"))
    assert query(paths, "select distinct tracking_consent from core.subscribers") == [(False,)]


@pytest.mark.parametrize(
    ("domain", "provider"),
    [("gmail.example.com", "gmail"), ("hotmail.example.org", "microsoft"), ("me.example.com", "apple"), ("e.test", "other")],
)
def test_the_mailbox_provider_comes_from_the_domain(paths: DataPaths, domain: str, provider: str) -> None:
    ingest(paths, subscriber(1, email=f"u@{domain}"))
    assert query(paths, "select mailbox_provider from core.subscribers") == [(provider,)]


def test_only_a_newer_row_replaces(paths: DataPaths) -> None:
    ingest(paths, subscriber(1, first_name="Ada", updated_at="2026-01-02"), since=SINCE)
    assert ingest(paths, subscriber(1, first_name="Old", updated_at="2026-01-01"), since=SINCE)["unchanged"] == 1
    assert query(paths, "select first_name from core.identities") == [("Ada",)]
    assert (
        ingest(paths, subscriber(1, first_name="New", email="new@e.org", updated_at="2026-01-03"), since=SINCE)["updated"]
        == 1
    )
    assert query(paths, "select first_name, email from core.identities") == [("New", "new@e.org")]
    assert query(
        paths,
        "select count(distinct address_key) from (from core.identities select address_key union all from "
        "core.subscribers select address_key)",
    ) == [(1,)]


def test_merging_again_changes_nothing(paths: DataPaths) -> None:
    manifest = land_rows(paths, "subscribers", [subscriber(1), subscriber(2)])
    validate_batch(paths, manifest)
    merge_batch(paths, manifest)
    before = query(paths, "select * from core.subscribers order by all")
    assert merge_batch(paths, manifest) == {
        "relation": "subscribers",
        "inserted": 0,
        "updated": 0,
        "unchanged": 2,
        "deleted": 0,
    }
    assert query(paths, "select * from core.subscribers order by all") == before


def test_a_batch_that_was_not_validated_is_not_merged(paths: DataPaths) -> None:
    with pytest.raises(QualityStop, match="not validated"):
        merge_batch(paths, land_rows(paths, "subscribers", [subscriber(1)]))


def test_a_full_pass_deletes_and_an_incremental_one_does_not(paths: DataPaths) -> None:
    people = [subscriber(number) for number in range(4)]
    ingest(paths, *people)
    assert ingest(paths, people[0], since=SINCE)["deleted"] == 0
    assert ingest(paths, *people[:3])["deleted"] == 1
    assert set(live(paths)) == {"S0", "S1", "S2"}
    assert ingest(paths, *people)["updated"] == 1
    assert set(live(paths)) == {"S0", "S1", "S2", "S3"}


def test_a_quarantined_row_counts_as_present(paths: DataPaths) -> None:
    ingest(paths, subscriber(1), subscriber(2))
    assert ingest(paths, subscriber(1), subscriber(2, timezone="Mars", updated_at="2026-01-01"))["deleted"] == 0
    assert set(live(paths)) == {"S1", "S2"}


def test_a_refusal_in_a_quarantined_row_takes_effect(paths: DataPaths) -> None:
    ingest(paths, subscriber(1), subscriber(2))
    ingest(paths, subscriber(1, status="Unsubscribed", timezone="Mars", updated_at="2026-01-01"), subscriber(2))
    assert live(paths) == {"S1": "unsubscribed", "S2": "subscribed"}


def test_a_refusal_counts_whatever_its_updated_at(paths: DataPaths) -> None:
    ingest(paths, subscriber(1, updated_at="2026-01-02"), since=SINCE)
    ingest(paths, subscriber(1, status="unsubscribed", timezone="Mars", updated_at="2026-01-01"), since=SINCE)
    assert live(paths) == {"S1": "unsubscribed"}


def test_an_address_that_moves_to_another_id_has_one_live_subscriber(paths: DataPaths) -> None:
    ingest(paths, subscriber(1, email="u@e.org"), subscriber(2))
    ingest(paths, subscriber(3, email="U@e.org", updated_at="2026-01-01"), since=SINCE)
    assert set(live(paths)) == {"S2", "S3"}
    ingest(paths, subscriber(1, email="u@e.org"), subscriber(2), subscriber(3, email="U@e.org", updated_at="2026-01-01"))
    assert set(live(paths)) == {"S2", "S3"}


def test_two_ids_with_one_address_and_time_keep_a_stable_order(paths: DataPaths) -> None:
    ingest(paths, subscriber(9, email="u@e.org"), subscriber(5))
    both = [subscriber(9, email="u@e.org"), subscriber(5), subscriber(1, email="U@e.org")]
    ingest(paths, *both)
    settled = set(live(paths))
    assert len(settled) == 2
    assert ingest(paths, *both) == {"relation": "subscribers", "inserted": 0, "updated": 0, "unchanged": 2, "deleted": 0}
    assert set(live(paths)) == settled


def test_two_subscribers_may_swap_their_addresses(paths: DataPaths) -> None:
    ingest(paths, subscriber(1, email="a@e.org"), subscriber(2, email="b@e.org"))
    ingest(
        paths,
        subscriber(1, email="b@e.org", updated_at="2026-01-01"),
        subscriber(2, email="a@e.org", updated_at="2026-01-01"),
    )
    assert query(paths, "select subscriber_id, email from core.identities order by 1") == [
        ("S1", "b@e.org"),
        ("S2", "a@e.org"),
    ]
    assert len(live(paths)) == 2


def test_changed_activities_are_replaced_and_missing_ones_deleted_by_a_full_pass(paths: DataPaths) -> None:
    """As purchases are; an activity of an unknown subscriber is stored too."""
    first = [activity(number) for number in range(4)]
    assert ingest(paths, *first, relation="activities")["inserted"] == 4
    changed = activity(0, name=" Basket_Add ", properties=None)
    counts = ingest(paths, changed, relation="activities", since=SINCE)
    assert (counts["inserted"], counts["updated"], counts["deleted"]) == (0, 1, 0)
    assert ingest(paths, changed, *first[1:3], relation="activities")["deleted"] == 1
    found = query(paths, "select activity_id, subscriber_id, name, properties from core.activities order by 1")
    page = '{"page": "/jazz"}'
    assert found == [("A0", "S0", "basket_add", None), ("A1", "S1", "page_view", page), ("A2", "S2", "page_view", page)]


def test_a_full_pass_neither_deletes_nor_counts_posted_activities_and_takes_over_those_of_the_source(
    paths: DataPaths,
) -> None:
    of_source = [activity(number) for number in range(10)]
    ingest(paths, *of_source, relation="activities")
    with open_warehouse(paths) as warehouse:
        warehouse.execute(
            "insert into core.activities by name select 'posted' || i as activity_id, 'S1' as subscriber_id, 'sign_in' as "
            "name, timestamptz '2025-07-02 00:00:00Z' as happened_at, now() as received_at from range(20) as posted (i)"
        )
    counts = ingest(paths, *of_source, activity(99, activity_id="posted7"), relation="activities")
    assert (counts["inserted"], counts["updated"], counts["deleted"]) == (0, 1, 0)
    assert query(paths, "select name, received_at is null from core.activities where activity_id = 'posted7'") == [
        ("page_view", True)
    ]
    assert query(paths, "select count(*) from core.activities") == [(30,)]
    assert ingest(paths, *of_source, relation="activities")["deleted"] == 1


def test_changed_purchases_are_replaced_and_missing_ones_deleted_by_a_full_pass(paths: DataPaths) -> None:
    first = [purchase(number) for number in range(4)]
    assert ingest(paths, *first, relation="purchases")["inserted"] == 4
    changed = purchase(0, amount="-11.77")
    assert ingest(paths, changed, relation="purchases", since=SINCE) == {
        "relation": "purchases",
        "inserted": 0,
        "updated": 1,
        "unchanged": 0,
        "deleted": 0,
    }
    assert ingest(paths, changed, *first[1:3], relation="purchases")["deleted"] == 1
    found = query(paths, "select purchase_id, amount, items, currency from core.purchases order by 1")
    untouched = (Decimal("11.77"), 1, "USD")
    assert found == [("P0", Decimal("-11.77"), 1, "USD"), ("P1", *untouched), ("P2", *untouched)]


def test_a_full_pass_that_is_merged_again_later_deletes_nothing_newer(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when an operator clears an old run."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 1, 2, tzinfo=UTC))
    known = [subscriber(number) for number in range(1, 10)]
    old = land_rows(paths, "subscribers", known)
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 1, 4, tzinfo=UTC))
    ingest(paths, *known, subscriber(10, updated_at="2026-01-03"))
    validate_batch(paths, old)
    assert merge_batch(paths, old)["deleted"] == 0
    assert len(live(paths)) == 10
    assert query(paths, "select count(*) from core.unseen") == [(0,)]
