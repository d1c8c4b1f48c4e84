"""Export and erasure of one person, through the steps of the DAG, on stores that a real campaign has filled."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from sqlalchemy import text, update

from include.collect.activities import load_activities
from include.collect.load import load_spool
from include.core import clock, privacy_request
from include.core.connections import ledger_url
from include.core.errors import CampaignRunning, ConfigurationError, ErasureIncomplete
from include.core.manifest import Manifest
from include.core.paths import DataPaths
from include.core.privacy_request import Kind
from include.core.secrets import Secrets
from include.dispatch.account.erase import erase_from_plans
from include.dispatch.account.record import record_sends
from include.dispatch.account.settle import settle
from include.dispatch.plan_files import PlanReader
from include.extract.erase import leave_out_erased
from include.ledger import consent, opt_out_log, plans, suppressions
from include.ledger.consent import MARKETING, Consent
from include.ledger.database import Ledger, open_ledger
from include.ledger.tables import plans as plans_table
from include.orchestration import forms, privacy
from include.privacy import scan
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from include.warehouse.connection import open_warehouse
from operations import privacy as command
from operations.settings import Installation
from tests.dispatch.test_withdrawals import NEWER, PEOPLE, Sending, email, ingested_people, sending
from tests.leak.grep import hits
from tests.postgres import fresh_schema
from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail
from tests.simulator.mail_bodies import person as message_to
from tests.validate.conftest import land_rows

__all__ = ["ingested_people", "sending"]
pytestmark = pytest.mark.postgres
OLD, NEW, OTHER = "ann.zq0@example.com", "ann.zq1@example.com", "joann.zq1@example.com"
"""The person's former and present address, and an address of somebody else that ends like it."""
ANN = PEOPLE[0] | {"email": OLD, "first_name": "=1+1", "last_name": "Zq9name", "updated_at": "2025-07-01"}
JOANN = PEOPLE[1] | {"email": OTHER, "updated_at": "2025-07-01"}
ONLY_HERS = (OLD, "Zq9name", "=1+1")
STEPS = (privacy.suppress, privacy.erase_files, privacy.erase_warehouse, privacy.erase_at_sendgrid, privacy.prove)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    running = RunningSimulator(tmp_path_factory.mktemp("simulator"), no_recipients=True)
    yield running
    running.stop()


@pytest.fixture
def ledger(paths: DataPaths, secrets: Secrets, postgres_url: str) -> Iterator[Ledger]:
    """An empty ledger on PostgreSQL; an erasure with SQLite's is in tests/leak."""
    opened = open_ledger(ledger_url(paths, fresh_schema(postgres_url)), secrets)
    yield opened
    opened.close()


@pytest.fixture
def filled(sending: Sending, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> Sending:
    """Ann moved to another address, got a campaign, and is in the spool, the quarantine and a log; so is Joann."""
    account = {"conn_type": "http", "host": simulator.base_url, "password": simulator.key}
    monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps(account))
    sending.source(ANN, JOANN, full=False)
    sending.source(ANN | {"email": NEW, "timezone": "Mars", "updated_at": NEWER}, full=False)
    sending.source(ANN | {"email": NEW, "updated_at": "2026-03-01"}, full=False)
    plan_id = sending.freeze()
    sending.send(plan_id)
    settle(sending.stores.ledger, plan_id)
    record_sends(sending.stores)
    _fill_spool(sending.stores.paths)
    return sending


def _fill_spool(paths: DataPaths) -> None:
    event = {"event": "delivered", "sg_event_id": "e"}
    batch = [{**event, "email": address} for address in (NEW.upper(), OTHER)]
    posted = [{"activity_id": "a", "subscriber_id": row["subscriber_id"], "name": "visit"} for row in (ANN, JOANN)]
    contents = {
        "spool/archive/20261129/1.json": json.dumps(batch).encode(),
        "spool/incoming/2.json": json.dumps(batch).encode(),
        "spool/broken/3.json": f'[{{"email": "{OLD}"'.encode(),
        "spool/broken/3.json.reason.txt": b"not JSON\n",
        "spool/activities/archive/20261129/4.jsonl": b"".join(json.dumps(one).encode() + b"\n" for one in posted),
        "quarantine/subscribers.csv": f"where,email,last_name\nrow 1,{OLD},Zq9name\n".encode(),
        "services/edge.log": f"GET /x?email=ann.zq1%40example.com\nmailed {OTHER}, {NEW}\n".encode(),
    }
    for name, content in contents.items():
        path = paths.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def ask(filled: Sending, kind: Kind, address: str = f" {NEW.upper()}\n") -> str:
    request = privacy_request.create(filled.stores.paths, kind, address)
    return privacy.find(filled.stores, {"request": request.id})


def found(filled: Sending, *needles: str) -> set[str]:
    root = filled.stores.paths.root
    return {hit.path.removeprefix(f"{root}/") for hit in hits(root, needles, skip=[filled.stores.paths.privacy])}


def in_ledger(filled: Sending, *needles: str) -> set[tuple[str, str]]:
    """Every table of the ledger's schema that has a needle in the text of a row, with the needle."""
    with filled.stores.ledger.read() as connection:
        tables = connection.scalars(text("select tablename from pg_tables where schemaname = current_schema")).all()
        rows = {name: connection.scalars(text(f"select cast({name} as text) from {name}")).all() for name in tables}
    return {(name, needle) for name in tables for needle in needles if needle.lower() in "".join(rows[name]).lower()}


def test_an_erased_person_is_nowhere_and_an_import_does_not_bring_them_back(
    filled: Sending, simulator: RunningSimulator
) -> None:
    stores, paths = filled.stores, filled.stores.paths
    before = found(filled, *ONLY_HERS, NEW)
    assert in_ledger(filled, "newsletter_readers")
    simulator.send(mail(personalizations=[message_to(to=[{"email": NEW}])]))
    assert [row["to"] for row in simulator.get("/inbox.json", q=f"to:{NEW}")["messages"]] == [NEW]
    assert {"spool/archive/20261129/1.json", "services/edge.log", "warehouse/tradewind.duckdb"} <= before
    request = ask(filled, "erase")
    person = privacy_request.read(paths, request).person
    assert person is not None
    with pytest.raises(ErasureIncomplete, match=r"services/edge\.log, its bytes") as error:
        privacy.prove(stores, request)
    assert "zq" not in str(error.value)
    assert {"landed/", "plans/", "warehouse/", "spool/"} <= {
        f"{place.partition('/')[0]}/" for place in str(error.value).split("; ")[1:]
    }
    _erasure_waits_for_a_running_campaign(filled, request)
    results = [step(stores, request) for step in STEPS]
    assert results[0] == {"suppressed_addresses": 3}
    assert results[1]["plan_files"] == 0
    assert results[-1]["found"] == 0
    line = privacy.record(stores, request, exported=None, proved=results[-1])
    logged = json.loads((paths.privacy / "audit.jsonl").read_text())
    assert len(logged.pop("address_keys")) == 3
    assert line == logged
    assert found(filled, *ONLY_HERS) == set()
    assert in_ledger(filled, *ONLY_HERS) == set()
    assert hits(paths.privacy, ["ann.zq"]) == []
    assert ((paths.privacy / "audit.jsonl").stat().st_mode & 0o777) == 0o600
    _others_are_untouched(filled)
    assert NEW in {row["email"] for row in simulator.get("/v3/suppression/unsubscribes")}
    assert simulator.get("/inbox.json", q=f"to:{NEW}")["messages"] == []

    erased = suppressions.erased_keys(stores.ledger)
    landed: list[Manifest] = []
    for relation, rows in (("subscribers", [ANN | {"email": NEW}, JOANN]), ("purchases", [purchase(ANN), purchase(JOANN)])):
        landed.append(leave_out_erased(paths, stores.secrets, erased, land_rows(paths, relation, rows)))
        validate_batch(paths, landed[-1], accept=["unseen_share", "deletions", "volume", "growth"])
        merge_batch(paths, landed[-1])
    assert [manifest["rows"] for manifest in landed] == [1, 1]
    assert found(filled, *ONLY_HERS) == set()
    assert scan.places(paths, stores.ledger, person, skip=[paths.privacy]) == []
    _late_events_are_stored_without_the_address(filled)
    _late_activities_are_left_out(filled)
    with pytest.raises(ConfigurationError, match="no open request"):
        privacy.find(stores, {"request": request})


def _late_events_are_stored_without_the_address(filled: Sending) -> None:
    paths = filled.stores.paths
    late = {"event": "bounce", "email": NEW.title(), "reason": f"550 {NEW} unknown", "sg_event_id": "late"}
    content = json.dumps([late, {**late, "email": OTHER, "reason": f"550 {OTHER} unknown"}]).encode()
    incoming = paths.spool / "incoming" / "20261129T050000000000Z-late.json"
    incoming.write_bytes(content)
    load_spool(paths, prepare=privacy.without_erased(filled.stores))
    (archived,) = paths.spool.glob("archive/*/20261129T050000000000Z-late.json")
    assert json.loads(archived.read_bytes()) == [
        {**late, "email": "erased@erased.invalid", "reason": "550 erased@erased.invalid unknown"},
        {**late, "email": OTHER, "reason": f"550 {OTHER} unknown"},
    ]


def _erasure_waits_for_a_running_campaign(filled: Sending, request: str) -> None:
    def put_in_state(state: str) -> None:
        with filled.stores.ledger.write() as connection:
            connection.exec_driver_sql(f"update plans set state = '{state}'")

    put_in_state("sending")
    with pytest.raises(CampaignRunning, match="spring 2026-W48") as error:
        privacy.erase_files(filled.stores, request)
    assert error.value.retryable
    put_in_state("done")
    _erasure_continues_where_it_was_interrupted(filled, request)


def _erasure_continues_where_it_was_interrupted(filled: Sending, request: str) -> None:
    """The process dies after it replaced the files and before the ledger has the hash of the new manifest."""
    person = privacy_request.read(filled.stores.paths, request).person
    assert person is not None
    (plan,) = plans.all_plans(filled.stores.ledger)
    assert erase_from_plans(filled.stores, person) == 2
    with filled.stores.ledger.write() as connection:
        connection.execute(update(plans_table).values(manifest_sha256=plan.manifest_sha256))
    assert erase_from_plans(filled.stores, person) >= 2
    assert erase_from_plans(filled.stores, person) == 0


def _late_activities_are_left_out(filled: Sending) -> None:
    paths = filled.stores.paths
    posted = [{"activity_id": f"late {row['subscriber_id']}", "subscriber_id": row["subscriber_id"]} for row in (ANN, JOANN)]
    lines = [
        json.dumps({**one, "name": "visit", "happened_at": "2026-01-01T00:00:00Z", "properties": None}) for one in posted
    ]
    incoming = paths.spool / "activities" / "incoming" / "20261129T050000000000Z-late.jsonl"
    incoming.parent.mkdir(parents=True, exist_ok=True)
    incoming.write_text("\n".join(lines) + "\n")
    loaded = load_activities(paths, prepare=privacy.without_erased_activities(filled.stores))
    assert (loaded["broken"], loaded["activities"]) == (0, 1)
    with open_warehouse(paths) as warehouse:
        late = warehouse.execute("select subscriber_id from core.activities where activity_id ^@ 'late'").fetchall()
    assert late == [("S1",)]


def purchase(person: dict[str, Any]) -> dict[str, Any]:
    of = person["subscriber_id"]
    return {
        "purchase_id": f"P{of}", "subscriber_id": of, "purchased_at": "2025-07-01 00:00:00", "amount": "5.00",
        "currency": "USD", "items": "1",
    }  # fmt: skip


def _others_are_untouched(filled: Sending) -> None:
    paths = filled.stores.paths
    assert len(json.loads((paths.spool / "archive" / "20261129" / "1.json").read_bytes())) == 1
    (line,) = (paths.spool / "activities" / "archive" / "20261129" / "4.jsonl").read_text().splitlines()
    assert json.loads(line) == {"activity_id": "a", "subscriber_id": "S1", "name": "visit"}
    assert (paths.root / "services" / "edge.log").read_text() == f"GET /x?email={'*' * 21}\nmailed {OTHER}, {'*' * 19}\n"
    assert not list((paths.spool / "broken").iterdir())
    (plan,) = plans.all_plans(filled.stores.ledger)
    reader = PlanReader(paths.root / plan.folder, plan.manifest_sha256)
    assert reader.audience().is_file()
    mailed = {row["email"] for part in {"part-0000.parquet"} for row in reader.people(part, 0, 24).to_pylist()}
    assert {OTHER, email(2), "erased@erased.invalid"} <= mailed
    record_sends(filled.stores)
    with open_warehouse(paths) as warehouse:
        people = warehouse.execute("select count(*) from core.subscribers").fetchall()
        sends = warehouse.execute(
            "select count(*), count(*) filter (subscriber_id ^@ 'erased-') from dispatch.sends"
        ).fetchall()
        assert warehouse.execute("select count(*) from dispatch.sends where subscriber_id = 'S0'").fetchall() == [(0,)]
    assert (people, sends) == ([(23,)], [(24, 1)])
    assert {entry.reason for entry in opt_out_log.in_force(paths)} == {"erasure"}


def test_an_export_is_one_file_for_its_owner_with_texts_that_no_spreadsheet_evaluates(filled: Sending) -> None:
    stores = filled.stores
    answer = Consent(filled.key(NEW), MARKETING, given=True, source="preferences", happened_at=clock.now().timestamp())
    consent.record(stores.ledger, [answer])
    request = ask(filled, "export")
    result = privacy.export(stores, request)
    path = stores.paths.root / result["file"]
    assert (path.stat().st_mode & 0o777) == 0o600
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read("person.json"))
        (identity,) = csv.DictReader(io.StringIO(archive.read("core.identities.csv").decode()))
        names = set(archive.namelist())
    assert set(document["addresses"]) == {email(0), OLD, NEW}
    assert document["tables"]["core.identities"][0]["first_name"] == "=1+1"
    assert (identity["first_name"], identity["email"]) == ("'=1+1", NEW)
    assert {"core.subscribers.csv", "dispatch.sends.csv", "quality.quarantine.csv", "ledger.consent_log.csv"} <= names
    assert [row["source"] for row in document["tables"]["ledger.consent_log"]] == ["preferences"]
    assert OTHER not in json.dumps(document)
    with pytest.raises(AirflowSkipException):
        privacy.suppress(stores, request)
    privacy.record(stores, request, exported=result, proved=None)
    assert not list((stores.paths.privacy / "requests").iterdir())
    erasing = ask(filled, "erase")
    assert privacy.erase_files(stores, erasing)["exports"] == 1
    assert not path.exists()


def test_the_address_is_read_from_standard_input_and_only_the_id_reaches_airflow(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    triggered: list[tuple[str, str]] = []

    def trigger(_installation: Installation, dag: str, conf: str) -> int:
        triggered.append((dag, conf))
        return 0

    monkeypatch.setattr(command, "trigger_dag", trigger)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NEW}\n"))
    assert command.answer_request(Installation(paths, 1, 2, 3, 4), "erase") == 0
    ((dag, conf),) = triggered
    (file,) = (paths.privacy / "requests").iterdir()
    assert (dag, json.loads(conf)) == ("privacy_requests", {"request": file.stem})
    assert (file.stat().st_mode & 0o777) == 0o600
    assert "zq" not in conf + capsys.readouterr().out
    assert "@" not in forms.PRIVACY_FORM["request"]["pattern"]
    monkeypatch.setattr("sys.stdin", io.StringIO("nobody\n"))
    with pytest.raises(ConfigurationError) as error:
        command.answer_request(Installation(paths, 1, 2, 3, 4), "erase")
    assert "nobody" not in str(error.value)
