"""Commands that control a campaign while Airflow is not running."""

from __future__ import annotations

import os
import subprocess

import pytest

from include.core.paths import PROJECT, DataPaths
from include.dispatch.send.sender import send_range
from include.ledger import approvals, holds, plans
from include.ledger.approvals import Answer
from include.ledger.stores import Stores
from operations.__main__ import main
from tests.dispatch.frozen import frozen_plan
from tests.dispatch.scripted_esp import ScriptedEsp


def campaign(do: str, capsys: pytest.CaptureFixture[str], occurrence: str = "once") -> tuple[int, str, str]:
    status = main(["campaign", do, "spring", occurrence])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_pause_resume_and_cancel_print_the_status(
    stores: Stores, esp: ScriptedEsp, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_id = frozen_plan(stores, 30, chunk_size=10)
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=0)
    status, out, _ = campaign("status", capsys)
    assert status == 0
    assert out.splitlines()[0] == "spring once: sending"
    assert [line.split() for line in out.splitlines()[2:3]] == [["accepted", "10"]]
    assert campaign("pause", capsys)[1].startswith("spring once: paused (paused by an operator)")
    holds.hold(stores.ledger, plan_id, "gmail", "breaker: complaints at 0.20 %")
    assert "held back: gmail (breaker: complaints at 0.20 %)" in campaign("status", capsys)[1]
    out = campaign("resume", capsys)[1]
    assert out.startswith("spring once: sending\n")
    assert "held back" not in out
    out = campaign("cancel", capsys)[1]
    assert out.startswith("spring once: cancelled (cancelled by an operator)")
    assert "skipped               20" in out
    assert campaign("resume", capsys)[1].startswith("spring once: cancelled")
    assert plans.find_plan(stores.ledger, plan_id).state == "cancelled"  # type: ignore[union-attr]


def test_the_status_of_an_occurrence_that_was_rejected_says_by_whom(
    stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    approvals.keep(stores.ledger, plans.plan_id_of("spring", "once"), Answer("reject", "ben", "Ben", {}, "0"))
    status, out, _ = campaign("status", capsys)
    assert (status, out.splitlines()[0]) == (0, "spring once: not planned")
    assert out.splitlines()[1].endswith("reject by Ben")
    assert campaign("pause", capsys)[0] == 1


def test_the_error_for_an_unknown_plan_lists_the_latest_plans(stores: Stores, capsys: pytest.CaptureFixture[str]) -> None:
    frozen_plan(stores, 10)
    status, out, err = campaign("pause", capsys, "2026-W01")
    assert (status, out) == (1, "")
    assert err == "error: spring 2026-W01: has no plan. The latest plans: spring once.\n"


def test_a_data_folder_without_a_ledger_is_an_error_and_stays_empty(
    paths: DataPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = campaign("status", capsys)
    assert status == 1
    assert "has no ledger" in err
    assert list(paths.root.iterdir()) == []


def test_replay_changes_nothing_in_a_complete_ledger(
    stores: Stores, esp: ScriptedEsp, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_id = frozen_plan(stores, 10)
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=0)
    assert main(["replay"]) == 0
    assert "the ledger already contains everything" in capsys.readouterr().out


def test_make_reports_missing_arguments_and_passes_others(paths: DataPaths) -> None:
    environment = {**os.environ, "MAKEFLAGS": "-o.venv/installed"}
    done = subprocess.run(
        ["make", "campaign", "DO=pause"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert "make campaign DO=pause CAMPAIGN=newsletter OCCURRENCE=2026-W48" in done.stderr
    words = ["DO=status", "CAMPAIGN=spring", "OCCURRENCE=$(id) ;"]
    done = subprocess.run(["make", "-n", "campaign", *words], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert '-m operations campaign "$DO" "$CAMPAIGN" "$OCCURRENCE"' in done.stdout
