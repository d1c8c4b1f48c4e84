"""Whether another campaign runs by its schedule, as Airflow tells it: a campaign that does not claims nobody."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from include.orchestration import sends


def answering(answer: Any) -> Any:
    """A task instance that gets this answer about the DAG of the campaign `sale`."""

    def get_dag(dag_id: str) -> Any:
        assert dag_id == "send_sale"
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(is_paused=answer)

    return SimpleNamespace(get_dag=get_dag)


NOT_FOUND = AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR))


@pytest.mark.parametrize(("answer", "runs"), [(False, True), (True, False), (NOT_FOUND, False)])
def test_a_campaign_runs_if_its_dag_is_known_and_not_paused(answer: Any, runs: bool) -> None:
    assert sends.is_running(answering(answer), "sale") is runs
