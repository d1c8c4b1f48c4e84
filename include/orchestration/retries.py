"""The retry policy of all tasks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

from include.core.errors import may_retry

_RETRY_DELAYS = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2))


class TransientErrors(RetryPolicy):
    """Retries errors that `include.core.errors.may_retry` classifies as transient, with increasing delays."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:  # noqa: ARG002  (Airflow's signature)
        if not may_retry(exception):
            return RetryDecision.fail(f"{type(exception).__name__} is not transient")
        delay = _RETRY_DELAYS[min(try_number, len(_RETRY_DELAYS)) - 1]
        if seconds := getattr(exception, "retry_after", None):
            delay = timedelta(seconds=seconds)
        return RetryDecision.retry(delay, f"{type(exception).__name__} is transient")
