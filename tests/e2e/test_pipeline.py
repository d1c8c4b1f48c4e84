"""The whole pipeline, run twice by the scheduler: the first run mails everybody once, the second nobody."""

from __future__ import annotations

import io
import json
import re
import time
import urllib.request
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine, select, text

from include.core import clock
from include.core.campaign_file import campaign_names
from include.core.connections import ledger_url
from include.core.secrets import load_secrets
from include.ledger import counts
from include.ledger.database import open_ledger
from include.ledger.tables import plans
from include.warehouse.connection import open_warehouse
from operations.__main__ import main
from operations.demo import run_demo
from operations.privacy import answer_request
from operations.settings import Installation, service_environment
from tests.leak.grep import hits

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]
ACCOUNTED = "accepted + rejected + suppressed + capped + held_out + in_doubt + pending + skipped"


def test_a_second_run_mails_nobody(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_demo(installation, past_weeks=0) == 0
    first = capsys.readouterr().out
    accepted = keys_at_simulator(installation)
    assert accepted
    reported = re.findall(r"([\d,]+) new messages of \S+ \S+, accepted by the simulator", first)
    before = {campaign for campaign in campaign_names() if f"0 new messages: the plan of {campaign}" in first}
    assert before <= sent_by_schedule(installation), "nothing but its own schedule sends a campaign before make run does"
    others = [key for campaign, key in messages_at_simulator(installation) if campaign not in before]
    assert sum(int(count.replace(",", "")) for count in reported) == len(others)
    assert len(accepted) == len(set(accepted)), "a message was accepted twice"
    assert simulator_get(installation, "duplicates") == []
    assert set(accepted) == keys_published(installation)
    assert accepted_in_ledger(installation) == len(accepted)
    check_published(installation)
    posts = simulator_get(installation, "requests")["total"]
    subscriber = post_activity(installation)

    assert main(["run"]) == 0
    second = capsys.readouterr().out
    assert simulator_get(installation, "requests")["total"] == posts, "the second run sent requests"
    assert sorted(keys_at_simulator(installation)) == sorted(accepted)
    check_published(installation)
    for campaign in set(campaign_names()) - {"confirm_reminder"}:
        assert f"0 new messages: the plan of {campaign}" in second
    check_no_personal_data(installation, first + second)
    await_activity(installation, subscriber)
    check_erasure(installation)


def check_erasure(installation: Installation) -> None:
    """Erase a person with events by `make privacy DO=erase`, and search everything, Airflow's database and logs too."""
    with open_warehouse(installation.paths) as warehouse:
        (address,) = warehouse.execute(
            "select max(email) from core.identities inner join engagement.events using (subscriber_id)"
        ).fetchall()[0]
    not_ours = [installation.paths.demo, installation.paths.simulator]
    assert len({hit.path for hit in hits(installation.paths.root, [address], skip=not_ours)}) > 2, (
        "landed batch, plan, warehouse"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(f"{address}\n"))
        assert answer_request(installation, "erase") == 0
    assert hits(installation.paths.root, [address], skip=not_ours) == []


def post_activity(installation: Installation) -> str:
    """Post an activity of one subscriber to the port that `make run` started; returns the subscriber's id."""
    with published(installation) as file:
        (subscriber,) = file.execute("select min(subscriber_id) from marts.lifecycle").fetchall()[0]
    token = json.loads(installation.paths.secrets.read_text())["activities_token"]
    posted = {"activity_id": "posted", "subscriber_id": subscriber, "name": "e2e", "happened_at": f"{clock.now():%FT%TZ}"}
    answer = httpx.post(
        f"{installation.activities_url}/activities", json=posted, headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    return str(subscriber)


def await_activity(installation: Installation, subscriber: str) -> None:
    """Wait until the scheduler has loaded the activity and built the segments with it. Nobody triggers either."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        with open_warehouse(installation.paths) as warehouse:
            found = warehouse.execute("select subscriber_id, in_7_days from segment.activity_counts where name = 'e2e'")
            if found.fetchall() == [(subscriber, 1)]:
                return
        time.sleep(2)
    raise AssertionError("the activity is not in the segments after ten minutes")


def check_published(installation: Installation) -> None:
    """The published file has the campaigns with opens, their sums add up, and every required check passed."""
    with published(installation) as file:
        rows = file.execute(
            f"select campaign, selected, {ACCOUNTED}, delivered, human_opens from marts.campaign_performance"
        ).fetchall()
        broken = file.execute("select check_name from marts.reconciliation where must_hold and not holds").fetchall()
        addresses = file.execute(
            "select count(*) from duckdb_columns() where column_name in ('email', 'first_name', 'last_name')"
        ).fetchone()
    assert {row[0] for row in rows} >= {*campaign_names(), "abandoned_basket__reminder"} - {"confirm_reminder"}
    assert all(row[1] == row[2] for row in rows), rows
    assert sum(row[3] for row in rows) > 0
    assert sum(row[4] for row in rows) > 0
    assert broken == []
    assert addresses == (0,)
    assert (installation.paths.published / "report.html").stat().st_size > 10_000


def check_no_personal_data(installation: Installation, printed: str) -> None:
    """Require that Airflow's database and logs, and all other files, contain no address, link or key."""
    parts = list(installation.paths.plans.rglob("part-*.parquet"))
    people = pa.concat_tables(pq.read_table(part, columns=["email", "token"]) for part in parts)
    keys = json.loads(installation.paths.secrets.read_text())
    secrets = [keys["address_key"], *(pair.split(":")[1] for pair in keys["token_keys"].split(","))]
    needles = [*people["email"].to_pylist(), *people["token"].to_pylist(), *secrets]
    assert len(needles) > 100
    paths = installation.paths
    warehouse = [paths.warehouse, paths.warehouse.with_name(f"{paths.warehouse.name}.wal")]
    may = [*parts, *warehouse, paths.landed, paths.spool, paths.demo, paths.simulator, paths.secrets]
    found = hits(paths.root, needles, skip=may)
    assert not found, found[:10]
    assert not [needle for needle in needles if needle in printed]


def simulator_get(installation: Installation, what: str) -> Any:
    """The response to a control request of the simulator."""
    with urllib.request.urlopen(f"{installation.simulator_url}/control/{what}") as answer:
        return json.load(answer)


def keys_at_simulator(installation: Installation) -> list[str]:
    """The message keys of all accepted personalizations."""
    return [key for _, key in messages_at_simulator(installation)]


def messages_at_simulator(installation: Installation) -> list[tuple[str, str]]:
    """Campaign and message key of all accepted personalizations."""
    with urllib.request.urlopen(f"{installation.simulator_url}/control/accepted.ndjson") as answer:
        rows = [json.loads(line) for line in answer]
    return [(row["campaign"], row["tw_key"]) for row in rows]


def sent_by_schedule(installation: Installation) -> set[str]:
    """The campaigns whose schedule came since they were unpaused: it may be the very minute of one."""
    metadata = create_engine(service_environment(installation)["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    scheduled = text("select dag_id from dag_run where run_type = 'scheduled' and dag_id like :dags")
    with metadata.connect() as connection:
        return {dag.removeprefix("send_") for dag in connection.scalars(scheduled, {"dags": "send_%"})}


def keys_published(installation: Installation) -> set[str]:
    with published(installation) as file:
        return {key for (key,) in file.execute("select message_key from marts.sends where state = 'accepted'").fetchall()}


def accepted_in_ledger(installation: Installation) -> int:
    ledger = open_ledger(ledger_url(installation.paths), load_secrets(installation.paths))
    try:
        with ledger.read() as connection:
            found = [counts.tally(connection, plan_id) for plan_id in connection.scalars(select(plans.c.plan_id))]
    finally:
        ledger.close()
    assert all(tally.adds_up for tally in found)
    return sum(tally.accepted for tally in found)


def published(installation: Installation) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(installation.paths.published / "analytics.duckdb"), read_only=True)
