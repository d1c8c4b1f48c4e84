"""What the audit finds in the warehouse: verdicts from real rows, and none where nothing can be known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from include.audit import list_checks
from include.audit.complaint_trend import check_complaints
from include.audit.result import Result
from include.core.paths import DataPaths
from include.warehouse.connection import open_warehouse
from tests.stored_view import store

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)


@pytest.fixture
def warehouse(paths: DataPaths) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(paths) as connection:
        yield connection


def add(warehouse: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    warehouse.register("added", pa.Table.from_pylist(rows))
    warehouse.execute(f"insert into {table} by name from added")
    warehouse.unregister("added")


def people(warehouse: duckdb.DuckDBPyConnection, *emails: str, **changes: Any) -> None:
    """People who may be mailed, with these addresses."""
    common = {
        "mailbox_provider": "other", "status": "subscribed", "lawful_basis": "consent", "consent_source": "form",
        "consent_wording": "v1", "consented_at": AS_OF - timedelta(days=400), "tracking_consent": True,
        "updated_at": AS_OF - timedelta(days=400), "landed_run": "r",
    } | changes  # fmt: skip
    keys = [{"subscriber_id": email, "address_key": f"k-{email}"} for email in emails]
    add(warehouse, "core.subscribers", [{**key, **common} for key in keys])
    add(warehouse, "core.identities", [{**key, "email": key["subscriber_id"]} for key in keys])


def test_addresses_are_judged_by_todays_rules(warehouse: duckdb.DuckDBPyConnection) -> None:
    good = [f"p{number}@example.com" for number in range(300)]
    people(warehouse, *good, "info@example.com")
    assert list_checks.check_addresses(warehouse, AS_OF).verdict == "pass"
    people(warehouse, "postmaster@example.com", "x@mailinator.com", "a..b@example.com")
    result = list_checks.check_addresses(warehouse, AS_OF)
    assert (result.verdict, list(result.evidence.values())) == ("warn", [304, 1, 1, 1, 1])
    people(warehouse, "b..c@example.com")
    assert list_checks.check_addresses(warehouse, AS_OF).verdict == "fail", "above one in a hundred"
    assert "@" not in "".join(f"{name}{value}" for name, value in result.evidence.items() if "@)" not in name)


def test_an_empty_list_is_no_fault(warehouse: duckdb.DuckDBPyConnection) -> None:
    results = [list_checks.check_addresses(warehouse, AS_OF), *list_checks.check_engagement(warehouse, AS_OF)]
    assert [one.verdict for one in results] == ["pass", "unknown", "pass"]


def test_consent_needs_proof_and_an_intact_log(warehouse: duckdb.DuckDBPyConnection) -> None:
    people(warehouse, "a@example.com")
    assert list_checks.check_consent(warehouse, AS_OF).verdict == "unknown", "the log was never checked"
    check = {"checked_at": AS_OF - timedelta(hours=4), "row_count": 0, "last_seq": 0, "head_hash": ""}
    add(warehouse, "core.consent_checks", [check])
    assert list_checks.check_consent(warehouse, AS_OF).verdict == "pass"
    assert list_checks.check_consent(warehouse, AS_OF + timedelta(days=3)).verdict == "warn"
    people(warehouse, "b@example.com", consent_source=None)
    result = list_checks.check_consent(warehouse, AS_OF)
    assert (result.verdict, result.evidence["without_proof"], result.evidence["mailable"]) == ("fail", 1, 2)
    add(warehouse, "core.consent_checks", [check | {"checked_at": AS_OF, "fault": "row 3 was changed"}])
    assert "The consent log was changed" in list_checks.check_consent(warehouse, AS_OF).advice


@pytest.mark.parametrize(
    ("repaired", "hours", "verdict"),
    [
        ([0, 0, 0], 4, "pass"),
        ([0, 0, 2], 4, "warn"),
        ([1, 1, 1], 4, "fail"),
        ([0, 0, 0], 50, "warn"),
        ([1, 1, 0], 4, "pass"),
    ],
)  # fmt: skip
def test_suppression_lists(warehouse: duckdb.DuckDBPyConnection, repaired: list[int], hours: int, verdict: str) -> None:
    assert list_checks.check_suppressions(warehouse, AS_OF).verdict == "unknown", "never compared"
    rows = [
        {"checked_at": AS_OF - timedelta(hours=hours, days=2 - day), "list": "bounces", "entries": 9, "matched": 9 - count,
         "explained": 0, "repaired": count}
        for day, count in enumerate(repaired)
    ]  # fmt: skip
    add(warehouse, "core.suppression_checks", rows)
    assert list_checks.check_suppressions(warehouse, AS_OF).verdict == verdict


def mailed(warehouse: duckdb.DuckDBPyConnection, level: str, count: int, messages: int, start: int = 0) -> None:
    """So many people with this level of engagement, who got so many messages yesterday and never reacted."""
    names = [f"{level}{number}@example.com" for number in range(start, start + count)]
    people(warehouse, *names)
    features = {
        "as_of": AS_OF, "purchases": 0, "revenue": 0, "lifecycle_stage": "prospect", "human_opens_90d": 0,
        "human_clicks_90d": 0, "engagement_level": level,
        "last_human_engaged_at": AS_OF if level == "engaged" else None,
    }  # fmt: skip
    store(warehouse, "segment.features")
    add(warehouse, "segment.features", [{"subscriber_id": name, **features} for name in names])
    send = {
        "plan_id": "p", "campaign": "c", "occurrence": "o", "address_key": "k", "variant": "v", "state": "accepted",
        "mailbox_provider": "other", "attempt": 1, "planned_at": AS_OF - timedelta(days=1),
    }  # fmt: skip
    sends = [{"message_key": f"{name}{at}", "subscriber_id": name, **send} for name in names for at in range(messages)]
    add(warehouse, "dispatch.sends", sends)


def verdicts(results: list[Result]) -> dict[str, str]:
    return {one.check: one.verdict for one in results}


def test_people_who_never_react_and_people_to_let_go(warehouse: duckdb.DuckDBPyConnection) -> None:
    people(warehouse, "new@example.com")
    assert verdicts(list_checks.check_engagement(warehouse, AS_OF)) == {"never_reacted": "unknown", "sunset": "unknown"}
    mailed(warehouse, "engaged", 20, 5)
    assert verdicts(list_checks.check_engagement(warehouse, AS_OF)) == {"never_reacted": "pass", "sunset": "pass"}
    mailed(warehouse, "dormant", 2, 5)
    assert verdicts(list_checks.check_engagement(warehouse, AS_OF)) == {"never_reacted": "pass", "sunset": "warn"}
    mailed(warehouse, "dormant", 1, 5, start=2)
    assert verdicts(list_checks.check_engagement(warehouse, AS_OF)) == {"never_reacted": "warn", "sunset": "fail"}


def delivered(warehouse: duckdb.DuckDBPyConnection, provider: str, counts: dict[int, tuple[int, int]]) -> None:
    """{days ago: (delivered, complaints)} of messages to a provider."""
    for days, (number, complaints) in counts.items():
        warehouse.execute(
            """
            insert into dispatch.sends by name select $provider || $days || '-' || range as message_key, 'p' as plan_id,
                'c' as campaign, 'o' as occurrence, 's' as subscriber_id, 'k' as address_key, 'v' as variant,
                $provider as mailbox_provider, 'accepted' as state, 1 as attempt, $at::timestamptz as planned_at
            from range($number)
            """,
            {"provider": provider, "days": days, "number": number, "at": AS_OF},
        )
        for event, of in (("delivered", number), ("complained", complaints)):
            warehouse.execute(
                """
                insert into engagement.events by name select $event || $provider || $days || range as dedup_key,
                    $provider || $days || '-' || range as message_key, 's' as subscriber_id, 'c' as campaign,
                    'o' as occurrence, $event as event, $at::timestamptz as occurred_at, $at::timestamptz as received_at,
                    'f' as spool_file from range($number)
                """,
                {"event": event, "provider": provider, "days": days, "at": AS_OF - timedelta(days=days), "number": of},
            )


@pytest.mark.parametrize(
    ("yahoo", "verdict", "advice"),
    [
        ({1: (999, 9)}, "unknown", "Fewer than 1,000"), ({1: (10_000, 4)}, "pass", "Postmaster Tools"),
        ({1: (10_000, 9)}, "pass", "below"), ({1: (10_000, 10)}, "warn", "yahoo: complaints are above 0.1 %"),
        ({1: (10_000, 30)}, "fail", "yahoo: complaints reached 0.3 %"),
        ({1: (10_000, 6), 40: (10_000, 3)}, "warn", "doubled"), ({1: (10_000, 4), 40: (10_000, 1)}, "pass", "below"),
        ({1: (10_000, 6), 40: (900, 0)}, "pass", "below"),
    ],
)  # fmt: skip
def test_complaints_against_the_limits_of_providers(
    warehouse: duckdb.DuckDBPyConnection, yahoo: dict[int, tuple[int, int]], verdict: str, advice: str
) -> None:
    delivered(warehouse, "yahoo", yahoo)
    result = check_complaints(warehouse, AS_OF)
    assert (result.verdict, advice in result.advice) == (verdict, True), result


def test_gmail_which_reports_no_complaints_does_not_dilute_the_rate(warehouse: duckdb.DuckDBPyConnection) -> None:
    delivered(warehouse, "gmail", {1: (100_000, 0)})
    assert check_complaints(warehouse, AS_OF).verdict == "unknown"
    delivered(warehouse, "yahoo", {1: (2_000, 6)})
    result = check_complaints(warehouse, AS_OF)
    assert (result.verdict, result.evidence["all that report: rate"], result.evidence["delivered"]) == (
        "fail",
        0.003,
        102_000,
    )
