"""An HTTP API as source: pages, tokens, rate limits, and servers that misbehave."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from include.core import clock
from include.core.connections import database_url
from include.core.errors import ConfigurationError, SourceError, SourceUnavailable
from include.core.paths import DataPaths
from include.extract import api_request, http_api
from include.extract.land import land
from include.extract.sources import relations
from tests.extract.served_api import Reply, Request, reply, served
from tests.extract.test_csv import ids_and_locations
from tests.extract.test_sources import landed
from tests.rows import Row, purchase, subscriber

PEOPLE = [subscriber(number) for number in range(7)]
Answer = Callable[[Request], Reply]


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client would have waited."""
    found: list[float] = []
    monkeypatch.setattr(api_request, "_sleep", found.append)
    return found


def land_api(paths: DataPaths, answer: Answer, options: str = "", since: datetime | None = None) -> list[Row]:
    """The subscribers that land from an API with the token `t0ken`."""
    with served(answer) as api:
        url = api.url.replace("://", "://:t0ken@") + f"?subscribers=contacts{options}"
        manifest = land(paths, url, "subscribers", run=f"{time.monotonic_ns()}", since=since)
    return landed(paths, manifest)


def page(number: int, size: int = 3) -> list[Row]:
    """One page of people, from page 1."""
    return PEOPLE[(number - 1) * size : number * size]


def by_link(request: Request) -> Reply:
    number = int(request.query.get("p", 1))
    more = {"next": f"/v2/contacts?p={number + 1}"} if page(number + 1) else {}
    return reply({"data": page(number), **more})


def by_header(request: Request) -> Reply:
    number = int(request.query.get("p", 1))
    more = {"Link": f'<contacts?p={number + 1}>; rel="next", <contacts>; rel="first"'} if page(number + 1) else {}
    return reply(page(number), headers=more)


def by_number(request: Request) -> Reply:
    return reply({"contacts": {"rows": page(int(request.query["page"]))}})


def by_cursor(request: Request) -> Reply:
    number = int(request.query.get("after", "c1")[1:])
    return reply({"items": page(number), "meta": {"cursor": f"c{number + 1}" if page(number + 1) else None}})


def as_lines(request: Request) -> Reply:
    number = int(request.query.get("p", 1))
    body = "\n".join(json.dumps(row) for row in page(number)).encode()
    more = {"Link": f'<contacts?p={number + 1}>; rel="next"'} if page(number + 1) else {}
    return Reply(body, headers={"Content-Type": "application/x-ndjson"} | more)


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        (by_link, ""),
        (by_header, ""),
        (by_number, "&page=page&items=contacts.rows"),
        (by_cursor, "&cursor=after&cursor_field=meta.cursor"),
        (as_lines, ""),
    ],
)
def test_every_way_of_paging_lands_every_row_once(paths: DataPaths, answer: Answer, options: str) -> None:
    rows = land_api(paths, answer, options)
    assert rows == [{"row_number": number, "unreadable": None} | row for number, row in enumerate(PEOPLE)]


@pytest.mark.parametrize(
    ("account", "options", "header", "value"),
    [
        (":t0k%2Fen@", "", "authorization", "Bearer t0k/en"),
        (":t0ken@", "&header=X-Api-Key", "x-api-key", "t0ken"),
        ("ada:pw@", "", "authorization", "Basic YWRhOnB3"),
        ("", "", "authorization", None),
    ],
)
def test_the_credentials_of_the_connection_are_sent(
    paths: DataPaths, account: str, options: str, header: str, value: str | None
) -> None:
    with served(lambda _: reply(PEOPLE)) as api:
        url = api.url.replace("://", f"://{account}") + f"?subscribers=contacts{options}&param.limit=50"
        manifest = land(paths, url, "subscribers", run="r", since=None)
    (request,) = api.requests
    assert (request.path, request.query, request.headers.get(header)) == ("/v2/contacts", {"limit": "50"}, value)
    assert "t0k" not in str(manifest)


@pytest.mark.parametrize(("format", "value"), [("", "2026-01-15T09:00:00Z"), ("&since_format=unix", "1768467600")])
def test_an_incremental_pass_asks_for_what_changed(paths: DataPaths, format: str, value: str) -> None:
    asked: list[str | None] = []

    def answer(request: Request) -> Reply:
        asked.append(request.query.get("updated_since"))
        return reply([subscriber(1, updated_at="2026-02-01 00:00:00"), subscriber(2, updated_at="2026-01-01 00:00:00")])

    since = datetime(2026, 1, 15, 9, tzinfo=UTC)
    rows = land_api(paths, answer, f"&since=updated_since{format}", since)
    assert [row["subscriber_id"] for row in rows] == ["S1"]
    assert land_api(paths, answer, f"&since=updated_since{format}")[1]["subscriber_id"] == "S2"
    assert asked == [value, None]


def test_an_incremental_pass_without_changes_is_empty(paths: DataPaths) -> None:
    assert land_api(paths, lambda _: reply({"data": []}), "&since=s", clock.now()) == []


def test_an_incremental_pass_may_lack_optional_columns(
    paths: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many APIs leave empty keys out: that nobody who changed has a locale does not mean that the column is gone."""
    sparse = {name: value for name, value in subscriber(1, updated_at=clock.now().isoformat()).items() if name != "locale"}
    for since, has_locale in ((clock.now() - timedelta(hours=1), True), (None, False)):
        with served(lambda _: reply([sparse])) as api:
            url = f"{api.url}?subscribers=contacts&since=s"
            manifest = land(paths, url, "subscribers", run=f"{has_locale}", since=since)
        assert ("locale" in manifest["columns"]) == has_locale
    query = "select *, coalesce(email, mail) as email from subscribers"
    (tmp_path / "subscribers.sql").write_text(query.replace("*", "* exclude (email)"))
    monkeypatch.setenv("TRADEWIND_SOURCE_SQL", str(tmp_path))
    since = clock.now() - timedelta(hours=1)
    assert land_api(paths, lambda _: reply([]), "&since=s", since) == []
    with pytest.raises(SourceError, match="BinderException"):
        land_api(paths, lambda _: reply([sparse]), "&since=s", since)
    (row,) = land_api(paths, lambda _: reply([sparse]), "&since=s&fields=mail,locale", since)
    assert (row["email"], row["locale"]) == (sparse["email"], None)


def test_the_relations_are_those_with_a_path(paths: DataPaths) -> None:
    with served(lambda _: reply([purchase(1)])) as api:
        url = f"{api.url}?subscribers=contacts&purchases=orders"
        assert relations(url) == ["subscribers", "purchases"]
        assert land(paths, url, "purchases", run="r", since=None)["rows"] == 1
    assert [request.path for request in api.requests] == ["/v2/orders"]


def test_items_that_are_no_objects_are_reported_by_number(paths: DataPaths) -> None:
    body = (
        json.dumps([PEOPLE[0], "secret", ["secret"], None, PEOPLE[1]])[:-1]
        + ', {"subscriber_id": "S8", "email": "a", "EMAIL": "b"}]'
    )
    rows = land_api(paths, lambda _: Reply(body.encode()))
    assert ids_and_locations(rows) == [("S0", None), ("S1", None)] + [
        (None, f"subscribers.jsonl:{number}") for number in (2, 3, 4)
    ] + [("S8", "subscribers.jsonl:6")]
    assert "secret" not in str(rows)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (reply({}, status=429, headers={"Retry-After": "7"}), [7.0]),
        (reply({}, status=503), [1.0]),
        (reply({}, status=500, headers={"Retry-After": "soon"}), [1.0]),
        (reply(PEOPLE, cut=20), [1.0]),
        (Reply(json.dumps(PEOPLE).encode()[:-20]), [1.0]),
        (Reply(b"<html>Please log in</html>"), [1.0]),
        (Reply(json.dumps(PEOPLE[0]).encode()[:-20], headers={"Content-Type": "application/x-ndjson"}), [1.0]),
    ],
)
def test_an_answer_that_may_be_better_later_is_retried(
    paths: DataPaths, waits: list[float], first: Reply, expected: list[float]
) -> None:
    rows = land_api(paths, lambda request: first if request.number == 1 else reply(PEOPLE))
    assert len(rows) == len(PEOPLE)
    assert waits == expected


def test_retry_after_may_be_a_date(paths: DataPaths, waits: list[float]) -> None:
    moment = format_datetime(clock.now().replace(microsecond=0), usegmt=True)
    busy = reply({}, status=429, headers={"Retry-After": moment})
    assert land_api(paths, lambda request: busy if request.number == 1 else reply(PEOPLE))
    assert waits == [0.0]


@pytest.mark.parametrize(
    ("always", "reason", "attempts", "after"),
    [
        (reply({}, status=503), "answers with status 503, after 5 attempts", 5, None),
        (reply({}, status=429, headers={"Retry-After": "3600"}), "answers with status 429, after 1 attempts", 1, 3600.0),
        (Reply(b'{"data": [{"email": "ada@secret.test"'), "is not complete JSON, after 5 attempts", 5, None),
        (reply(PEOPLE, cut=20), "does not answer .RemoteProtocolError., after 5 attempts", 5, None),
    ],
)
def test_a_source_that_stays_down_is_unavailable(
    paths: DataPaths, always: Reply, reason: str, attempts: int, after: float | None
) -> None:
    with served(lambda _: always) as api, pytest.raises(SourceUnavailable, match=reason) as caught:
        land(paths, f"{api.url}?subscribers=contacts", "subscribers", run="r", since=None)
    assert (len(api.requests), caught.value.retry_after) == (attempts, after)
    assert "secret" not in str(caught.value)
    assert not (paths.landed / "subscribers" / "r" / "manifest.json").exists()


def test_a_server_that_sends_byte_by_byte_is_unavailable(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_request, "PAGE_SECONDS", 0.2)
    monkeypatch.setattr(api_request, "ATTEMPTS", 1)
    with pytest.raises(SourceUnavailable, match="needs more than 0 seconds for a page"):
        land_api(paths, lambda _: reply(PEOPLE, pause=lambda: time.sleep(0.01)))


def test_a_closed_port_is_unavailable(paths: DataPaths) -> None:
    with pytest.raises(SourceUnavailable, match=r"does not answer \(ConnectError\)") as caught:
        land(paths, "http://:hushhush@127.0.0.1:1/v2?subscribers=contacts", "subscribers", run="r", since=None)
    assert "hushhush" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda _: reply({}, status=401), "answers with status 401"),
        (lambda _: reply({}, status=302, headers={"Location": "http://127.0.0.1:1/"}), "answers with status 302"),
        (lambda _: reply({"people": PEOPLE}), "contains no list of rows.*items=data.rows"),
        (lambda _: reply({"data": {"a": 1}}), "contains no list of rows"),
        (lambda request: reply({"data": PEOPLE, "next": f"?p={request.number}"}), "page 2 repeats page 1"),
        (lambda request: reply({"data": page(1 + request.number % 2), "next": "?p=1"}), "page 3 repeats page 1"),
        (lambda _: reply({"data": PEOPLE, "next": "http://127.0.0.1:1/v2/contacts"}), "leads to another server"),
        (lambda _: reply({"data": PEOPLE, "next": "file:///etc/passwd"}), "leads to another server"),
        (
            lambda request: reply({"data": [subscriber(request.number)], "next": f"?p={request.number}"}),
            "has more than 20 pages",
        ),
        (lambda _: Reply(b"[" + b" " * 3_000 + b"]"), "page of more than 2000 bytes"),
    ],
)
def test_an_answer_that_a_retry_cannot_change_is_an_error(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch, answer: Answer, message: str
) -> None:
    monkeypatch.setattr(http_api, "MAX_PAGES", 20)
    if "bytes" in message:
        monkeypatch.setattr(api_request, "MAX_PAGE", 2_000)
    with pytest.raises(SourceError, match=message) as caught:
        land_api(paths, answer)
    assert not caught.value.retryable
    assert "t0ken" not in str(caught.value)


def test_requests_are_not_sent_faster_than_the_rate(paths: DataPaths, waits: list[float]) -> None:
    land_api(paths, by_link, "&rate=0.5")
    assert len(waits) == 3
    assert waits[0] == 0
    assert all(1.5 < wait <= 2 for wait in waits[1:])


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://h/v2", "names no relation"),
        ("http://api.example/v2?subscribers=c", "without TLS"),
        ("https://h/v2?subscribers=c&cursor=a", "both cursor and cursor_field"),
        ("https://h/v2?subscribers=c&page=p&next=n", "more than one of page, cursor and next"),
        ("https://h/v2?subscribers=c&rate=fast", "rate that is not a number"),
        ("https://h/v2?subscribers=c&since_format=x", "neither iso nor unix"),
        ("https://h/v2?subscriber=c", "Did you mean subscribers"),
    ],
)
def test_wrong_options_are_configuration_errors(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        relations(url)


def test_an_airflow_connection_of_type_http_is_an_api() -> None:
    fields = {
        "conn_type": "http",
        "host": "https://api.shop.example/v2",
        "password": "t/k",
        "extra": {"subscribers": "people"},
    }
    assert database_url("subscribers_source", json.dumps(fields)) == "https://:t%2Fk@api.shop.example/v2?subscribers=people"


def test_a_custom_query_maps_the_names_of_an_api(paths: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people: list[dict[str, Any]] = [
        {name: value for name, value in row.items() if name != "email"} | {"contact": {"mail": row["email"]}}
        for row in PEOPLE
    ]
    (tmp_path / "subscribers.sql").write_text("select *, contact->>'mail' as email from subscribers")
    monkeypatch.setenv("TRADEWIND_SOURCE_SQL", str(tmp_path))
    rows = land_api(paths, lambda _: reply(people))
    assert [row["email"] for row in rows] == [row["email"] for row in PEOPLE]
