"""The effect of each response class on the ledger: states, HTTP status, reason, and the people to retry."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest
from sqlalchemy import select

from include.core import clock
from include.core.errors import CampaignStopped
from include.dispatch.send.outcome import record
from include.dispatch.send.request import Request
from include.ledger import plans
from include.ledger.database import Ledger
from include.ledger.tables import outcomes
from include.sendgrid.response_class import Kind, ResponseClass
from tests.ledger.plan import PLAN, claim, freeze, row, tally

PEOPLE = pa.table({"message_key": [f"k{place}" for place in range(10)]})


def recorded(
    ledger: Ledger, response: ResponseClass, places: Sequence[int] = range(10), wait: float = 0.0
) -> dict[str, int]:
    return record(ledger, Request(claim(ledger), places, PEOPLE), response, wait)


def children(ledger: Ledger, count: int) -> list[tuple[str, int]]:
    return [(row(ledger, chunk)["selection"], row(ledger, chunk)["recipients"]) for chunk in range(1, count + 1)]


@pytest.fixture(autouse=True)
def plan(ledger: Ledger) -> None:
    freeze(ledger)


@pytest.mark.parametrize(
    ("response", "state", "became", "status"),
    [
        (ResponseClass(Kind.ACCEPTED, "accepted", 202, message_id="m"), "accepted", {"accepted": 10}, 202),
        (ResponseClass(Kind.DOUBT, "503: perhaps", 503), "in_doubt", {"in_doubt": 10}, 503),
        (ResponseClass(Kind.DOUBT, "no answer"), "in_doubt", {"in_doubt": 10}, None),
        (ResponseClass(Kind.THROTTLED, "429: too many", 429), "pending", {"pending": 10}, 429),
        (ResponseClass(Kind.NOT_SENT, "no answer"), "pending", {"pending": 10}, None),
    ],
    ids=lambda value: value.kind.name + str(value.status) if isinstance(value, ResponseClass) else "",
)
def test_response_sets_the_state_of_the_whole_chunk(
    ledger: Ledger, response: ResponseClass, state: str, became: dict[str, int], status: int | None
) -> None:
    assert recorded(ledger, response, wait=40.0) == became
    after = row(ledger)
    assert (after["state"], after["http_status"]) == (state, status)
    assert after["reason"] == (None if state == "accepted" else response.reason)
    assert after["x_message_id"] == response.message_id
    waits = after["not_before"] - clock.now().timestamp()
    assert (10 < waits <= 40) if state == "pending" else after["not_before"] == 0


def test_stop_returns_the_chunk_to_pending_and_stops_the_plan(ledger: Ledger) -> None:
    with pytest.raises(CampaignStopped, match="401: no credits"):
        recorded(ledger, ResponseClass(Kind.STOP, "401: no credits", 401))
    assert (row(ledger)["state"], row(ledger)["http_status"], row(ledger)["reason"]) == ("pending", 401, "401: no credits")
    with ledger.read() as connection:
        assert plans.state_of(connection, PLAN) == ("stopped", "401: no credits")


def test_refused_request_rejects_the_chunk_and_stops_the_plan(ledger: Ledger) -> None:
    with pytest.raises(CampaignStopped, match="400: from"):
        recorded(ledger, ResponseClass(Kind.REFUSED, "400: from", whole_request=True))
    assert (row(ledger)["state"], row(ledger)["http_status"], row(ledger)["reason"]) == ("rejected", 400, "400: from")
    with ledger.read() as connection:
        assert plans.state_of(connection, PLAN) == ("stopped", "400: from")


@pytest.mark.parametrize(
    ("response", "status"),
    [(ResponseClass(Kind.TOO_LARGE, "413: large", 413), 413), (ResponseClass(Kind.REFUSED, "400: no field named"), 400)],
    ids=["413", "400"],
)
def test_chunk_is_halved_down_to_one_recipient(ledger: Ledger, response: ResponseClass, status: int) -> None:
    assert recorded(ledger, response, places=[0, 2, 3, 4, 9]) == {"pending": 5}
    assert (row(ledger)["state"], row(ledger)["http_status"], row(ledger)["reason"]) == ("split", status, response.reason)
    assert [size for _, size in children(ledger, 2)] == [2, 3]
    freeze(ledger, (1,), plan_id="alone")
    alone = Request(claim(ledger, 0, "alone"), [0], PEOPLE)
    assert record(ledger, alone, response, 0.0) == {"rejected": 1}
    after = row(ledger, 0, "alone")
    assert (after["state"], after["http_status"], after["reason"]) == ("rejected", status, response.reason)


def test_named_recipients_are_rejected_and_the_others_stay_pending(ledger: Ledger) -> None:
    """Indexes count within the request: index 0 of places 5 to 9 is place 5. Indexes beyond the request are ignored."""
    response = ResponseClass(Kind.REFUSED, "400: personalizations.to", rejected_indexes=frozenset({0, 3, 5, 99}))
    request = Request(claim(ledger), range(5, 10), PEOPLE)
    assert record(ledger, request, response, 0.0) == {"rejected": 2, "pending": 3}
    assert (row(ledger)["state"], row(ledger)["http_status"], row(ledger)["reason"]) == ("split", 400, response.reason)
    with ledger.read() as connection:
        found = connection.execute(select(outcomes.c.message_key, outcomes.c.row, outcomes.c.state, outcomes.c.reason))
        assert sorted(map(tuple, found)) == [
            ("k5", 5, "rejected", response.reason),
            ("k8", 8, "rejected", response.reason),
        ]
    assert [size for _, size in children(ledger, 1)] == [3]


def test_chunk_is_rejected_when_all_recipients_are_named(ledger: Ledger) -> None:
    response = ResponseClass(Kind.REFUSED, "400: personalizations.to", rejected_indexes=frozenset(range(10)))
    assert recorded(ledger, response) == {"rejected": 10, "pending": 0}
    assert (tally(ledger).rejected, tally(ledger).pending) == (10, 0)


def test_chunk_is_halved_when_no_named_index_is_in_it(ledger: Ledger) -> None:
    assert recorded(ledger, ResponseClass(Kind.REFUSED, "400: to", rejected_indexes=frozenset({10}))) == {"pending": 10}
    assert [size for _, size in children(ledger, 2)] == [5, 5]
