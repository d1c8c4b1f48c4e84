"""Shared fixtures of the tests of dispatch."""

from __future__ import annotations

import pytest

from include.ledger import outages
from include.ledger.database import Ledger

POLICY = (
    "test_given_up_addresses", "test_consent_changes_during_send", "test_public_edge", "test_confirmation", "test_printable",
    "test_arbitration", "test_freed", "test_send_time", "test_preview",
)  # fmt: skip
"""Modules about who gets what mail. `make test` runs them on SQLite only: the statements of the ledger that they use are
those of the other modules, which run on both. `make operators` runs them on PostgreSQL."""
ON_BOTH = {
    "tests.dispatch.test_withdrawals": (
        "test_withdrawals_of_a_stopped_batch_are_not_sent_to",
        "test_consent_that_ends_between_plan_and_request_stops_the_mail",
    ),
    "tests.dispatch.test_schedule": (
        "test_cancellation_ends_doubt_of_its_batch_and_prevents_resends",
        "test_scheduled_requests_without_a_batch_id_stay_accepted",
        "test_messages_due_within_the_notice_stay_accepted",
        "test_request_of_a_dead_process_is_skipped_if_its_batch_was_cancelled_in_time",
        "test_concurrent_cancellation_wins",
    ),
    "tests.dispatch.test_plan": (
        "test_frozen_plan_adds_up_and_is_found_on_the_second_call",
        "test_tracking_of_each_message_is_recorded_as_sent",
        "test_plan_is_sent_settled_and_recorded",
    ),
    "tests.dispatch.test_correction": (
        "test_the_decision_is_kept_and_chunks_say_which_content_they_had",
        "test_requests_under_way_end_first",
        "test_a_kill_after_the_commit_changes_nothing",
    ),
    "tests.dispatch.test_budget": (),
    "tests.dispatch.test_doubt_policy": (
        "test_resend_delay_counts_from_the_last_request_of_the_plan",
        "test_reopen_records_the_decision_and_resumes_a_finished_plan",
    ),
    "tests.dispatch.journey.test_way": (
        "test_a_person_gets_each_mail_once_and_is_out_at_the_end",
        "test_who_may_not_be_mailed_does_not_enter_and_leaves_at_the_next_mail",
        "test_a_goal_that_is_known_late_and_a_trigger_that_is_known_late_still_count",
    ),
}
"""Modules of which `make test` runs these tests on both ledgers and the others on SQLite: with the modules that run on both,
they execute every statement that the others execute on PostgreSQL (as recorded), and what waits for locks."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        values = getattr(item, "callspec", None)
        if values and values.params.get("each_ledger") == "postgresql" and _repeats(item):
            item.add_marker(pytest.mark.slow)


def _repeats(item: pytest.Item) -> bool:
    """Whether the test repeats on PostgreSQL what others show there."""
    module, test = getattr(item, "module", None), getattr(item, "originalname", "")
    name = module.__name__ if module else ""
    return item.path.stem in POLICY or (name in ON_BOTH and test not in ON_BOTH[name])


@pytest.fixture
def ledger(each_ledger: Ledger) -> Ledger:
    """Every test of dispatch runs on both ledgers."""
    return each_ledger


@pytest.fixture(autouse=True)
def quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes are sent milliseconds after a request in doubt, not seconds."""
    monkeypatch.setattr(outages, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(outages, "POLL_SECONDS", 0.01)
