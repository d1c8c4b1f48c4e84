"""POST /activities: what a shop posts is durable before the 202, and what cannot be used is rejected without being shown."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core import clock
from include.core.activity import Activity, decode, encode
from include.core.paths import PROJECT, DataPaths
from include.core.secrets import load_activity_tokens, load_secrets
from include.edge.activities import body as port_body
from tests.edge.activities_port import TOKEN, post, spooled, start_port
from tests.edge.conftest import Edge
from tests.rows import Row, activity
from tests.validate.test_bad_input import ACTIVITIES_PASS, ACTIVITIES_REFUSED

BASKET = {
    "activity_id": "a-1",
    "subscriber_id": "C00001",
    "name": "Basket_Add",
    "happened_at": "2026-11-20T10:00:00+01:00",
    "properties": {"sku": "LP-1", "value": 19.9},
}


@pytest.fixture(scope="module")
def port_paths(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    return DataPaths(tmp_path_factory.mktemp("port") / "data")


@pytest.fixture(scope="module")
def port(port_paths: DataPaths) -> Iterator[Edge]:
    started = start_port(port_paths, port_paths.root.with_name("log"))
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def _empty_spool(port_paths: DataPaths) -> None:
    for path in (port_paths.spool / "activities" / "incoming").glob("*"):
        path.unlink()


def basket(number: int, **changes: Any) -> dict[str, Any]:
    return BASKET | {"activity_id": f"a-{number}"} | changes


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (json.dumps(basket(1)).encode(), 1),
        (json.dumps(basket(1), indent=2).encode(), 1),
        (json.dumps([basket(1), basket(2)]).encode(), 2),
        (b"\n".join(json.dumps(basket(number)).encode() for number in range(3)) + b"\r\n\n", 3),
    ],
    ids=["object", "object over several lines", "array", "JSON lines"],
)
def test_every_form_of_body_is_stored(port: Edge, port_paths: DataPaths, content: bytes, count: int) -> None:
    answer = post(port, content)
    assert (answer.status_code, answer.json()) == (202, {"accepted": count})
    stored = spooled(port_paths)
    assert len(stored) == count
    first = stored[0]
    assert (first.name, first.happened_at) == ("basket_add", datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert bytes(first.properties) == b'{"sku":"LP-1","value":19.9}'


def test_an_empty_array_is_accepted_and_writes_nothing(port: Edge, port_paths: DataPaths) -> None:
    assert post(port, b"[]").json() == {"accepted": 0}
    assert spooled(port_paths) == []


@pytest.mark.parametrize("token", [None, "wrong", TOKEN[:-1], TOKEN + "0", TOKEN.upper(), "é"])
def test_a_request_without_a_valid_token_is_rejected_unread(port: Edge, port_paths: DataPaths, token: str | None) -> None:
    headers = {} if token is None else {b"Authorization": f"Bearer {token}".encode("latin-1")}
    answer = httpx.post(f"{port.url}/activities", content=json.dumps(BASKET), headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert spooled(port_paths) == []


def test_another_scheme_is_rejected(port: Edge) -> None:
    answer = post(port, json.dumps(BASKET).encode(), None, Authorization=f"Basic {TOKEN}")
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"activity_id": None}, "activity_id"),
        ({"activity_id": ""}, "activity_id"),
        ({"activity_id": 7}, "activity_id"),
        ({"activity_id": "secret" * 40}, "activity_id"),
        ({"subscriber_id": "secret@example.com"}, "subscriber_id"),
        ({"subscriber_id": "secret id"}, "subscriber_id"),
        ({"subscriber_id": ["secret"]}, "subscriber_id"),
        ({"name": "secret@example.com"}, "name"),
        ({"name": "secret\x00"}, "name"),
        ({"name": "secret" * 11}, "name"),
        ({"happened_at": "secret"}, "happened_at"),
        ({"happened_at": True}, "happened_at"),
        ({"happened_at": 1e400}, "happened_at"),
        ({"happened_at": "1989-12-31"}, "happened_at"),
        ({"happened_at": "0001-01-01T00:00:00+14:00"}, "happened_at"),
        ({"happened_at": "9999-12-31T23:59:59-12:00"}, "happened_at"),
        ({"properties": "secret"}, "properties"),
        ({"properties": ["secret"]}, "properties"),
        ({"properties": {"secret": "x" * 16_384}}, "properties"),
        ({"properties": {"secret": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}, "properties"),
        ({"secret": 1}, "activity"),
    ],
    ids=range(21),
)
def test_an_invalid_activity_is_named_by_index_and_field_and_nothing_is_stored(
    port: Edge, port_paths: DataPaths, changes: dict[str, Any], field: str
) -> None:
    answer = post(port, json.dumps([basket(1), basket(2, **changes)]).replace("Infinity", "1e400").encode())
    assert answer.status_code == 422
    assert [(problem["index"], problem["field"]) for problem in answer.json()["problems"]] == [(1, field)]
    assert "secret" not in answer.text
    assert "secret" not in port.logged()
    assert spooled(port_paths) == []


def test_a_long_list_of_problems_is_cut_and_counted(port: Edge) -> None:
    answer = post(port, json.dumps([basket(number, name="") for number in range(50)]).encode()).json()
    assert (len(answer["problems"]), answer["more"]) == (20, 30)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"not json", b'{"a": NaN}', b"[" * 100_000, b"\xff\xfe{", b'{"a": "\\ud800"}' + b"}",
        gzip.compress(b"{}"),
    ],
    ids=range(8),
)  # fmt: skip
def test_a_body_that_is_not_json_is_400(port: Edge, port_paths: DataPaths, content: bytes) -> None:
    answer = post(port, content)
    assert (answer.status_code, answer.json()["error"][:17]) == (400, "line 1 is not JSO")
    assert spooled(port_paths) == []


def test_the_first_bad_line_is_named(port: Edge) -> None:
    lines = [json.dumps(basket(1)), json.dumps(basket(2)), '{"activity_id": '] * 2
    assert "line 3 is not JSON" in post(port, "\n".join(lines).encode()).json()["error"]


@pytest.mark.parametrize(
    "content",
    [
        b"7", b"null", b'"text"', b"[1]", b"[[]]", b'[{"a": "\xff"}]',
        b'{"properties": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
    ids=range(7),
)  # fmt: skip
def test_json_that_is_no_activity_is_422(port: Edge, port_paths: DataPaths, content: bytes) -> None:
    assert post(port, content).status_code in (400, 422)
    assert spooled(port_paths) == []


def test_size_and_count_are_limited(port: Edge, port_paths: DataPaths) -> None:
    many = orjson.dumps([{"activity_id": "a"}] * (port_body.MAX_ACTIVITIES + 1))
    assert post(port, many).status_code == 413
    assert post(port, b" " * (5 * 1024 * 1024)).status_code == 413
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100 * 1024 * 1024:
            sent += 65536
            yield b" " * 65536

    with contextlib.suppress(httpx.TransportError):
        answer = httpx.post(f"{port.url}/activities", content=endless(), headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 413
    assert sent < 40 * 1024 * 1024
    assert post(port, gzip.compress(b"[]"), **{"Content-Encoding": "gzip"}).status_code == 415
    assert spooled(port_paths) == []


def test_other_paths_and_methods_do_not_exist(port: Edge) -> None:
    assert httpx.get(f"{port.url}/activities").status_code == 405
    assert [httpx.get(f"{port.url}/{path}").status_code for path in ("", "docs", "u/x", "activities/")] == [404] * 4
    assert httpx.post(f"{port.url}/events/sendgrid").status_code == 404
    assert httpx.get(f"{port.url}/healthz").json() == {"spool_writable": True, "status": "ok"}


def test_an_unwritable_spool_is_503_so_that_the_client_retries(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path / "data")
    port = start_port(paths, tmp_path / "log")
    try:
        incoming = paths.spool / "activities" / "incoming"
        incoming.rmdir()
        incoming.symlink_to("/dev/full")
        answer = post(port, json.dumps(BASKET).encode())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert httpx.get(f"{port.url}/healthz").status_code == 503
        incoming.unlink()
        assert post(port, json.dumps(BASKET).encode()).status_code == 202
        assert len(spooled(paths)) == 1
    finally:
        port.stop()


def test_acknowledged_activities_survive_kill_9(tmp_path: Path) -> None:
    """Four clients post while the process is killed: every activity answered with 202 is complete on disk."""
    paths = DataPaths(tmp_path / "data")
    port = start_port(paths, tmp_path / "log")
    acknowledged: list[str] = []

    def post_until_killed(client: int) -> None:
        for number in range(10_000):
            batch = [basket(0, activity_id=f"{client}-{number}-{one}") for one in range(20)]
            try:
                if post(port, json.dumps(batch).encode()).status_code == 202:
                    acknowledged.extend(str(one["activity_id"]) for one in batch)
            except httpx.TransportError:
                return

    threads = [threading.Thread(target=post_until_killed, args=(client,)) for client in range(4)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 400:
        time.sleep(0.01)
    os.kill(port.process.pid, signal.SIGKILL)
    for thread in threads:
        thread.join()
    port.process.wait()
    assert set(acknowledged) <= {one.activity_id for one in spooled(paths)}


def test_the_port_accepts_what_the_source_may_contain_and_nothing_else() -> None:
    """The rules of the port are those of the suite, for the rows that its test has."""
    refused = {name: problems(row) for name, (row, _) in ACTIVITIES_REFUSED.items()}
    assert [name for name, found in refused.items() if not found] == []
    assert [name for name, row in ACTIVITIES_PASS.items() if problems(row)] == []


def problems(changes: Row) -> list[port_body.Problem]:
    """The problems of a row of a source, posted: its properties as JSON, its Unix time as a number."""
    row = activity(1) | changes
    properties = row.pop("properties")
    moment = row["happened_at"]
    if isinstance(moment, str) and moment.isdigit():
        row["happened_at"] = int(moment)
    try:
        row["properties"] = json.loads(properties) if properties else None
    except ValueError:
        row["properties"] = properties
    return port_body.read(json.dumps(row).encode(), clock.now())[1]


NAMES = st.sampled_from([*port_body.FIELDS, "other"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(ANY_JSON | st.binary())
def test_any_body_gives_activities_or_problems(content: Any) -> None:
    """No body raises anything else, and what is accepted can be written and read again."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    try:
        found, wrong = port_body.read(raw, clock.now())
    except port_body.NotJson:
        return
    assert {problem.index for problem in wrong}.isdisjoint(range(len(found))) or wrong
    assert decode(encode(found)) == found


@settings(max_examples=100, deadline=None)
@given(
    st.text(min_size=1, max_size=200),
    st.from_regex(r"[a-zA-Z][\w .:/-]{0,63}", fullmatch=True),
    st.datetimes(datetime(1990, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),
    st.dictionaries(st.text(), st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.none()),
)
def test_a_valid_activity_is_stored_as_it_was_posted(
    identifier: str, name: str, moment: datetime, properties: dict[str, Any]
) -> None:
    posted = {"activity_id": identifier, "subscriber_id": "S", "name": name, "happened_at": moment.isoformat()}
    found, wrong = port_body.read(json.dumps(posted | {"properties": properties}).encode(), clock.now())
    if wrong:
        assert {problem.field for problem in wrong} <= {"activity_id", "name", "properties"}
        return
    (stored,) = decode(encode(found))
    assert (stored.activity_id, stored.name, stored.happened_at) == (identifier, name.strip().lower(), moment)
    assert json.loads(bytes(stored.properties)) == properties


def test_a_time_up_to_a_day_ahead_is_accepted() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    for ahead, count in ((timedelta(hours=24), 0), (timedelta(hours=24, seconds=1), 1)):
        body = json.dumps(basket(1, happened_at=(now + ahead).isoformat())).encode()
        assert len(port_body.read(body, now)[1]) == count


def test_without_a_setting_the_token_is_in_secrets_json(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of an older version gets one; its keys stay as they are."""
    keys = load_secrets(paths)
    stored = json.loads(paths.secrets.read_text())
    assert load_activity_tokens(paths) == (stored["activities_token"].encode(),)
    paths.secrets.write_text(json.dumps({name: stored[name] for name in ("address_key", "token_keys")}))
    found: list[tuple[bytes, ...]] = []
    threads = [threading.Thread(target=lambda: found.append(load_activity_tokens(paths))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {(json.loads(paths.secrets.read_text())["activities_token"].encode(),)}
    assert load_secrets(paths) == keys
    assert stat.S_IMODE(paths.secrets.stat().st_mode) == 0o600


def test_two_tokens_are_valid_during_a_rotation_and_a_short_one_stops_the_port(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEWIND_ACTIVITIES_TOKEN", f"{'n' * 32}, {'o' * 32}")
    assert load_activity_tokens(paths) == (b"n" * 32, b"o" * 32)
    failed = subprocess.run(
        [sys.executable, "-m", "include.edge.activities"], cwd=PROJECT, capture_output=True, text=True,
        env={**os.environ, "TRADEWIND_ACTIVITIES_TOKEN": "short-secret"},
    )  # fmt: skip
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)
    assert "TRADEWIND_ACTIVITIES_TOKEN" in failed.stderr
    assert "short-secret" not in failed.stderr


def test_a_line_that_is_no_activity_is_not_decoded() -> None:
    line = encode([Activity("a", "s", "n", datetime(2026, 1, 1, tzinfo=UTC))])
    assert len(decode(line * 2)) == 2
    for broken in (line[:-2], line + b"{}\n", b"[]\n", b"\xff\n"):
        with pytest.raises(ValueError, match="not JSON lines of activities"):
            decode(broken)
