"""A backup, the loss of the whole data folder, and the restore: nothing is mailed twice, nobody is lost unseen."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from include.analyze.marts import build_marts
from include.collect.doubt import resolve_doubt
from include.core import clock
from include.core.campaign import Campaign
from include.core.connections import ledger_url
from include.core.errors import PlanError
from include.core.paths import PROJECT, DataPaths
from include.core.secrets import load_secrets
from include.dispatch import start
from include.dispatch.account import in_doubt
from include.dispatch.account.record import record_sends
from include.dispatch.control import confirm_unsent
from include.dispatch.send.sender import send_range
from include.ledger import counts, gap, plans, suppressions
from include.ledger.database import Ledger, open_ledger
from include.ledger.schema import VERSION_TABLE
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.ledger.tables import metadata
from include.publish.file import publish
from include.warehouse.connection import open_warehouse
from operations.__main__ import main
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.test_plan import EDGE, open_shop
from tests.dispatch.test_restore import EVENTS

PEOPLE = 60
CAMPAIGNS = ("half", "whole", "never")


@dataclass
class Loss:
    """An installation of which everything but the backup is lost, and the SendGrid that knows what it got."""

    paths: DataPaths
    backup: Path
    esp: ScriptedEsp
    campaigns: dict[str, Campaign]

    def send(self, stores: Stores, name: str, requests: int = 10_000) -> counts.Tally:
        """Run a campaign as its DAG does, with at most so many requests; what the ledger says of it then."""
        account, now = self.esp.account, clock.now()
        _, ranges = start.start_run(
            stores, self.campaigns[name], account=account, mode="live", run="r", at=now, edge_url=EDGE
        )
        for chunk in range(min(requests, 1 + max((part["last"] for part in ranges), default=-1))):
            send_range(stores, account, plan_id=ranges[0]["plan_id"], first=chunk, last=chunk)
        record_sends(stores)
        with stores.ledger.read() as connection:
            return counts.require_conservation(connection, plans.of_campaign(stores.ledger, name)[0].plan_id)

    @contextmanager
    def opened(self) -> Iterator[Stores]:
        secrets = load_secrets(self.paths)
        ledger = open_ledger(ledger_url(self.paths), secrets)
        try:
            yield Stores(self.paths, ledger, secrets)
        finally:
            ledger.close()


@pytest.fixture
def loss(each_ledger: Ledger, paths: DataPaths, esp: ScriptedEsp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loss:
    """`half` was sent before the backup by half, and the rest after it; `whole` after it; then the data folder is gone."""
    if not each_ledger.is_sqlite:
        url = each_ledger.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DEFAULT", url)
    stores = Stores(paths, each_ledger, load_secrets(paths))
    shop = open_shop(stores, tmp_path, monkeypatch, people=PEOPLE)
    changes = {
        "chunk_size": 10,
        "occurrence": "day",
        "hold_out_percent": 0,
        "on_doubt": "resend_after_24h",
        "frequency_cap_hours": 0,
    }
    campaigns = {name: shop.campaign.model_copy(update={"id": name, **changes}) for name in CAMPAIGNS}
    lost = Loss(paths, tmp_path / "backup", esp, campaigns)
    suppressions.suppress(each_ledger, [Suppression("f" * 64, "spam_complaint", "test", 1.0)])
    assert lost.send(stores, "half", requests=3).pending > 0
    assert main(["backup", str(lost.backup)]) == 0
    lost.send(stores, "half")
    lost.send(stores, "whole")
    assert set(esp.taken.values()) == {1}
    assert len(esp.taken) == 2 * PEOPLE
    with each_ledger.engine.begin() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql(f"drop table {VERSION_TABLE}")
    each_ledger.close()
    shutil.rmtree(paths.root)
    return lost


def test_what_was_sent_in_the_gap_is_in_doubt_and_never_sent_again(loss: Loss, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["restore", str(loss.backup)]) == 0
    assert "chunks in doubt" in capsys.readouterr().out
    with loss.opened() as stores:
        after = loss.send(stores, "half")
        assert after.pending == 0
        assert after.accepted + after.in_doubt == PEOPLE
        assert after.in_doubt > 0
        with pytest.raises(PlanError, match=r"may have been sent .* make campaign DO=confirm-unsent CAMPAIGN=whole"):
            loss.send(stores, "whole")
        assert plans.of_campaign(stores.ledger, "whole") == []
        assert set(loss.esp.taken.values()) == {1}


def test_the_absence_of_events_is_no_evidence_and_an_operator_is_asked(loss: Loss, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["restore", str(loss.backup)]) == 0
    with loss.opened() as stores:
        monkeypatch.setattr(in_doubt, "_absence_counts", lambda _warehouse, _posted: True)
        assert in_doubt.reopen_due(stores) == []
        plan_id = plans.of_campaign(stores.ledger, "half")[0].plan_id
        with stores.ledger.read() as connection:
            unknown = counts.require_conservation(connection, plan_id).in_doubt
        assert in_doubt.awaiting_decision(stores.ledger, plan_id) == unknown


def test_events_that_arrive_after_the_restore_prove_what_was_sent(loss: Loss) -> None:
    assert main(["restore", str(loss.backup)]) == 0
    with loss.opened() as stores:
        with open_warehouse(loss.paths) as warehouse:
            warehouse.execute(EVENTS, {"keys": list(loss.esp.taken)})
        assert resolve_doubt(stores)["proved"] > 0
        after = loss.send(stores, "half")
        assert (after.accepted, after.in_doubt, after.pending) == (PEOPLE, 0, 0)
        assert set(loss.esp.taken.values()) == {1}


def test_an_occurrence_is_sent_once_a_person_confirmed_that_it_was_not(
    loss: Loss, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["restore", str(loss.backup)]) == 0
    monkeypatch.setattr("operations.campaign.load_campaign", loss.campaigns.__getitem__)
    with loss.opened() as stores:
        with pytest.raises(PlanError):
            loss.send(stores, "never")
        today = f"{clock.now():%Y-%m-%d}"
        assert main(["campaign", "confirm-unsent", "never", today]) == 0
        assert "confirmed" in capsys.readouterr().out
        assert loss.send(stores, "never").accepted == PEOPLE
        with pytest.raises(PlanError):
            loss.send(stores, "whole")


def test_suppressions_secrets_and_every_row_come_back(loss: Loss) -> None:
    fingerprint = (loss.backup / "data" / "secrets.json").read_bytes()
    assert main(["restore", str(loss.backup)]) == 0
    assert (loss.paths.root / "secrets.json").read_bytes() == fingerprint
    with loss.opened() as stores:
        assert suppressions.reasons_in_force(stores.ledger, "f" * 64) == {"spam_complaint"}
        with open_warehouse(loss.paths) as warehouse:
            assert warehouse.execute("select count(*) from core.subscribers").fetchone() == (PEOPLE,)
            assert warehouse.execute("select count(*) from dispatch.sends where campaign = 'half'").fetchone() == (PEOPLE,)


def test_the_published_file_can_be_read_and_replaced(loss: Loss) -> None:
    """It is a link, which the next publish points elsewhere."""
    assert main(["restore", str(loss.backup)]) == 0
    with loss.opened() as stores:
        build_marts(stores, as_of=clock.now())
    publish(loss.paths)
    second = loss.backup.with_name("second")
    assert main(["backup", str(second)]) == 0
    shutil.rmtree(loss.paths.root)
    assert main(["restore", str(second)]) == 0
    with duckdb.connect(str(loss.paths.published / "analytics.duckdb"), read_only=True) as published:
        assert published.execute("select count(*) from marts.sends").fetchone() == (PEOPLE,)
    publish(loss.paths)


def test_a_second_restore_keeps_the_older_beginning_of_the_gap(loss: Loss) -> None:
    assert main(["restore", str(loss.backup)]) == 0
    with loss.opened() as stores:
        first = gap.find(stores.ledger)
        confirm_unsent(stores.ledger, "never", f"{clock.now():%Y-%m-%d}", "anna")
    second = loss.backup.with_name("second")
    assert main(["backup", str(second)]) == 0
    assert main(["restore", str(second)]) == 0
    with loss.opened() as stores:
        with pytest.raises(PlanError):  # It may have been sent after the second backup: anna did not know of that.
            loss.send(stores, "never")
        found = gap.find(stores.ledger)
        assert first is not None
        assert found is not None
        assert (found.since, found.until > first.until) == (first.since, True)
    assert [path.name.startswith("data.before-restore-") for path in loss.paths.root.parent.glob("data.*")] == [True]


KILLED = """
import os
from include.core.paths import data_paths
from include.warehouse.connection import open_warehouse
with open_warehouse(data_paths()) as warehouse:
    warehouse.execute("update core.subscribers set country = 'XX'")
    os._exit(9)
"""


def test_what_a_killed_task_left_in_the_warehouses_log_is_in_the_backup(loss: Loss) -> None:
    assert main(["restore", str(loss.backup)]) == 0
    assert subprocess.run([sys.executable, "-c", KILLED], cwd=PROJECT, check=False).returncode == 9
    second = loss.backup.with_name("second")
    assert main(["backup", str(second)]) == 0
    with duckdb.connect(str(second / "data" / "warehouse" / "tradewind.duckdb"), read_only=True) as copied:
        assert copied.execute("select distinct country from core.subscribers").fetchall() == [("XX",)]


def test_a_damaged_backup_changes_nothing(loss: Loss, capsys: pytest.CaptureFixture[str]) -> None:
    part = next(loss.backup.rglob("part-*.parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    assert main(["restore", str(loss.backup)]) == 1
    assert "is damaged: 1 files are missing or differ, such as data/plans/" in capsys.readouterr().err
    assert not loss.paths.root.exists()


def test_a_folder_that_is_no_backup_and_one_that_exists_are_refused(
    loss: Loss, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["restore", str(tmp_path / "nothing")]) == 1
    assert "is not a complete backup" in capsys.readouterr().err
    assert main(["restore", str(loss.backup)]) == 0
    assert main(["backup", str(loss.backup)]) == 1
    assert "exists already" in capsys.readouterr().err
