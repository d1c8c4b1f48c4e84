"""Progress output of runs: each task that ends, and after a while without one, the unfinished tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from operations import demo, runs, trigger
from operations.api import AirflowApi
from operations.progress import Progress


class Scripted:
    """Airflow's answers about one run: one step per request of its state; the last step repeats."""

    url = "http://127.0.0.1:8080"

    def __init__(self, *steps: tuple[str, Mapping[str, str | None]]) -> None:
        self._steps = list(steps)

    def get(self, path: str, **_: Any) -> dict[str, Any]:
        if not path.endswith("/taskInstances"):
            state = self._steps[0][0]
            return {"state": state}
        tasks = self._steps[0][1] if len(self._steps) == 1 else self._steps.pop(0)[1]
        shared = {"map_index": -1, "try_number": 1, "duration": 1.0}
        return {
            "task_instances": [
                {**shared, "task_id": name, "state": state, "end_date": "2026" if state == "success" else None}
                for name, state in tasks.items()
            ]
        }


def test_every_line_of_an_error_is_printed() -> None:
    """Nine broken segments are nine lines, none of which is truncated."""
    faults = [f"segment_{number}.sql, line {number}: Binder Error: {'x' * 90}" for number in range(9)]
    text = "\n".join(["9 of 12 segments could not be built:", *faults, "", "Fix the definitions. [SQL: select 1]"])

    class Logs:
        def get(self, path: str, **_: Any) -> dict[str, Any]:
            return {"content": [{"event": "failed", "error_detail": [{"exc_type": "SegmentsBroken", "exc_value": text}]}]}

    task = {"task_id": "segment.build", "try_number": 1, "map_index": -1}
    said = runs.failure_reason(cast(AirflowApi, Logs()), runs.Run("build_segments", "r"), task)
    assert said == ["SegmentsBroken: 9 of 12 segments could not be built:", *faults, "Fix the definitions."]


def test_a_task_that_waits_for_a_person_says_where_to_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runs, "POLL_SECONDS", 0.0)
    api = Scripted(("running", {"approve": "awaiting_input"}), ("success", {"approve": "success"}))
    runs.wait_for_end(cast(AirflowApi, api), [runs.Run("send_x", "manual__2026+00:00")], Progress())
    said = capsys.readouterr().out
    assert "waits for somebody's answer in Airflow" in said
    assert "\nhttp://127.0.0.1:8080/dags/send_x/runs/manual__2026%2B00%3A00/tasks/approve/required_actions\n" in said


def test_the_address_of_a_previews_page_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {"plan": None, "return_value": {"mode": "preview", "page": "previews/x/manual.html"}}
    monkeypatch.setattr(runs, "xcom", lambda _api, _run, _task, key, _index: values[key])
    task = {"task_id": "dispatch.plan", "state": "success", "map_index": -1}
    trigger._print_results(cast(AirflowApi, Scripted()), runs.Run("send_x", "r"), task, Progress())
    assert "\nhttp://127.0.0.1:8080/tradewind/previews/x/manual.html\n" in capsys.readouterr().out


def test_runs_that_continue_the_triggered_one_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The DAG is paused afterwards: a run that resends what is in doubt would stay queued. One of them starts another."""
    first, resent, again, scheduled = (
        runs.Run("send_x", name) for name in ("manual__1", "manual__2", "manual__3", "scheduled__4")
    )
    came, waited = [[first, resent, scheduled], [first, resent, scheduled, again]], list[runs.Run]()

    def wait(_api: object, following: list[runs.Run], *_: object, **__: object) -> list[runs.Run]:
        waited.extend(following)
        return [run for run in following if run == again]

    monkeypatch.setattr(runs, "runs_since", lambda *_: came[min(len(waited), 1)])
    monkeypatch.setattr(runs, "wait_for_end", wait)
    failed = trigger._wait_for_following(cast(AirflowApi, Scripted()), first, datetime.now(UTC), Progress())
    assert waited == [resent, again]
    assert failed == [again]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"chosen_options": ["Approve"], "responded_by_user": {"id": "7", "name": "Anna"}, "responded_at": "datetime@1"},
         "dispatch.approve: Approve by Anna\n"),
        ({"chosen_options": ["Reject"], "responded_by_user": None}, "dispatch.approve: Reject\n"),
        ({"accepted": 3}, 'dispatch.approve: {"accepted": 3}\n'),
    ],
)  # fmt: skip
def test_an_answer_is_printed_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr(runs, "xcom", lambda _api, _run, _task, key, _index: value if key == "return_value" else None)
    task = {"task_id": "dispatch.approve", "state": "success", "map_index": -1}
    trigger._print_results(cast(AirflowApi, Scripted()), runs.Run("send_x", "r"), task, Progress())
    assert capsys.readouterr().out == f"  {said}"


def test_unfinished_tasks_are_printed_after_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runs, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(runs, "STILL_WAITING_SECONDS", 0.12)
    dead = ("running", {"plan": "success", "send": "running", "settle": None})
    done = ("success", {"plan": "success", "send": "success", "settle": "success"})
    api = Scripted(*[dead] * 8, done)
    assert runs.wait_for_end(cast(AirflowApi, api), [runs.Run("send_x", "r")], Progress()) == []
    said = [line.split("  ", 1)[1].strip() for line in capsys.readouterr().out.splitlines()]
    assert said[0].startswith("send_x               plan")
    assert said.count("still waiting for send_x send (running)") in (1, 2)
    assert said[-1] == "send_x  success"


def test_only_failed_runs_are_returned() -> None:
    """Two runs end at the same time; one of them failed."""

    class Two:
        def get(self, path: str, **_: Any) -> dict[str, Any]:
            return {"state": "failed" if "send_y" in path else "success", "task_instances": []}

    both = [runs.Run("send_x", "r"), runs.Run("send_y", "r")]
    assert runs.wait_for_end(cast(AirflowApi, Two()), both, Progress()) == [both[1]]
    with pytest.raises(runs.RunFailed, match=r"^send_y did not succeed"):
        demo._finish(cast(AirflowApi, Two()), Progress(), both)
