"""Backoff between requests, and the retry budget."""

from __future__ import annotations

import asyncio
import random

import pytest

from include.core import clock
from include.dispatch.send.backoff import LIMITS, Backoff
from include.sendgrid.response_class import Kind, ResponseClass


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleep advances; one entry per sleep after the first."""
    passed = [1_000.0]

    async def sleep(seconds: float) -> None:
        passed.append(passed[-1] + seconds)

    monkeypatch.setattr(clock, "elapsed", lambda: passed[-1])
    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    return passed


def waited(backoff: Backoff, at: list[float], *, stopped: bool = False) -> float:
    before = at[-1]
    asyncio.run(backoff.wait(lambda: stopped))
    return at[-1] - before


@pytest.mark.parametrize("kind", [Kind.THROTTLED, Kind.NOT_SENT])
def test_backoff_doubles_to_a_minute_and_resets_after_an_accepted_request(kind: Kind, at: list[float]) -> None:
    backoff = Backoff()
    waits = [backoff.note(ResponseClass(kind, "no")) for _ in range(9)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert waited(backoff, at) == pytest.approx(60.0)
    assert backoff.note(ResponseClass(Kind.ACCEPTED, "accepted")) == 0.0
    assert backoff.note(ResponseClass(kind, "no")) == 0.5


def test_wait_requested_by_sendgrid_is_kept_and_never_shortened(at: list[float]) -> None:
    backoff = Backoff()
    assert backoff.note(ResponseClass(Kind.THROTTLED, "429", wait=7.0)) == 7.0
    assert backoff.note(ResponseClass(Kind.THROTTLED, "429", wait=2.0)) == 2.0
    assert waited(backoff, at) == pytest.approx(7.0)
    assert waited(backoff, at) == 0.0


def test_stopped_sender_does_not_wait(at: list[float]) -> None:
    backoff = Backoff()
    backoff.note(ResponseClass(Kind.THROTTLED, "429", wait=7.0))
    assert waited(backoff, at, stopped=True) == 0.0
    asyncio.run(backoff.wait(iter([False, False, True]).__next__))
    assert at[-1] == pytest.approx(1_001.0)


@pytest.mark.parametrize("kind", [Kind.REFUSED, Kind.TOO_LARGE, Kind.DOUBT, Kind.STOP])
def test_other_response_classes_cause_no_wait(kind: Kind, at: list[float]) -> None:
    backoff = Backoff()
    assert backoff.note(ResponseClass(kind, "no", wait=5.0)) == 0.0
    assert waited(backoff, at) == 0.0


@pytest.mark.parametrize("kind", LIMITS)
def test_retry_budget_is_exhausted_after_the_limit_of_responses_in_a_row(kind: Kind, at: list[float]) -> None:
    backoff, response = Backoff(), ResponseClass(kind, "the reason")
    for _ in range(LIMITS[kind] - 1):
        backoff.note(response)
        assert backoff.exhausted(response) is None
    backoff.note(response)
    error = backoff.exhausted(response)
    assert error is not None
    assert error.retryable
    assert f"{LIMITS[kind]} requests in a row ended with 'the reason'" in str(error)
    backoff.note(ResponseClass(Kind.ACCEPTED, "accepted"))
    assert backoff.exhausted(response) is None


def test_too_large_never_exhausts_the_retry_budget(at: list[float]) -> None:
    backoff, response = Backoff(), ResponseClass(Kind.TOO_LARGE, "413")
    for _ in range(100):
        backoff.note(response)
    assert backoff.exhausted(response) is None


def test_wait_has_jitter() -> None:
    waits = {Backoff().note(ResponseClass(Kind.THROTTLED, "429")) for _ in range(50)}
    assert len(waits) > 10
    assert all(0.05 <= wait <= 0.5 for wait in waits)
