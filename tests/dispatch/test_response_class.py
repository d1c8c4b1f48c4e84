"""The classification of responses, row by row as in docs/dispatch.md."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from include.core import clock
from include.sendgrid.response_class import MAX_WAIT_SECONDS, Kind, ResponseClass, classify
from include.sendgrid.transport import Answer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def refused(*fields: str | None) -> Answer:
    body = orjson.dumps({"errors": [{"message": "no", "field": field} for field in fields]})
    return Answer(400, True, body=body)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(None, True, problem="ReadTimeout"), ResponseClass(Kind.DOUBT, "no answer (ReadTimeout)")),
        (Answer(None, False, problem="Refused"), ResponseClass(Kind.NOT_SENT, "no answer (Refused)")),
        (Answer(202, True, {"x-message-id": "abc"}), ResponseClass(Kind.ACCEPTED, "accepted", 202, message_id="abc")),
        (Answer(202, True), ResponseClass(Kind.ACCEPTED, "accepted", 202)),
        (Answer(413, True), ResponseClass(Kind.TOO_LARGE, "413: the request is too large", 413)),
        (Answer(429, True), ResponseClass(Kind.THROTTLED, "429: too many requests", 429)),
        (Answer(408, True), ResponseClass(Kind.DOUBT, "408: it may or may not have been queued", 408)),
        (Answer(500, True), ResponseClass(Kind.DOUBT, "500: it may or may not have been queued", 500)),
        (Answer(299, True), ResponseClass(Kind.DOUBT, "299: it may or may not have been queued", 299)),
        (Answer(300, True), ResponseClass(Kind.STOP, "300: the request was refused", 300)),
        (Answer(499, True), ResponseClass(Kind.STOP, "499: the request was refused", 499)),
        (Answer(404, True), ResponseClass(Kind.STOP, "404: the host does not know /v3/mail/send", 404)),
        (Answer(451, True), ResponseClass(Kind.STOP, "451: refused for legal reasons", 451)),
        (Answer(401, True, body=b"wrong key"), ResponseClass(Kind.STOP, "401: the API key is not valid", 401)),
        (
            Answer(401, True, body=b"Maximum CREDITS exceeded"),
            ResponseClass(Kind.STOP, "401: the account's credits are used up", 401),
        ),
        (
            Answer(403, True, body=b"credits"),
            ResponseClass(
                Kind.STOP,
                "403: the key lacks the scope mail.send, the sender is not verified, or the account is blocked",
                403,
            ),
        ),
    ],
)  # fmt: skip
def test_response_is_classified(answer: Answer, expected: ResponseClass) -> None:
    assert classify(answer) == expected


@pytest.mark.parametrize(
    ("fields", "reason", "rejected_indexes", "whole_request"),
    [
        (("personalizations.3.to.0.email",), "personalizations.to.email", {3}, False),
        (("personalizations[12].to[0]", "personalizations.3"), "personalizations, personalizations.to", {3, 12}, False),
        (("from.email",), "from.email", set(), True),
        (("from.email", "personalizations.7.to"), "from.email, personalizations.to", {7}, False),
        (("personalizations",), "personalizations", set(), False),
        ((None,), "no field named", set(), False),
        (("",), "no field named", set(), False),
        (("other.personalizations.3",), "other.personalizations", set(), True),
    ],
)  # fmt: skip
def test_400_names_recipients_or_the_request(
    fields: tuple[str, ...], reason: str, rejected_indexes: set[int], whole_request: bool
) -> None:
    found = classify(refused(*fields))
    assert (found.kind, set(found.rejected_indexes)) == (Kind.REFUSED, rejected_indexes)
    assert found.whole_request == whole_request
    assert found.reason == f"400: {reason}"


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b'{"errors": "no"}', b'{"errors": ["no", 3]}', b'{"other": 1}'])
def test_400_without_a_field_names_no_recipient(body: bytes) -> None:
    assert classify(Answer(400, True, body=body)) == ResponseClass(Kind.REFUSED, "400: no field named")


def test_long_list_of_fields_is_truncated() -> None:
    assert len(classify(refused(*(f"field_{number}" for number in range(99)))).reason) == 200


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-reset": "12"}, 12.0),
        ({"x-ratelimit-reset": "12", "retry-after": "7"}, 12.0),
        ({"x-ratelimit-reset": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"x-ratelimit-reset": str(NOW.timestamp() + 30)}, 30.0),
        ({"x-ratelimit-reset": str(NOW.timestamp() - 30)}, 0.05),
        ({"x-ratelimit-reset": "0"}, 0.05),
        ({"x-ratelimit-reset": "999999999"}, MAX_WAIT_SECONDS),
        ({"x-ratelimit-reset": "1000000000"}, 0.05),
        ({"x-ratelimit-reset": "-3"}, 0.05),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:07 GMT"}, None),
        ({}, None),
    ],
)
def test_wait_is_read_from_the_headers_of_a_429(headers: dict[str, str], wait: float | None) -> None:
    assert classify(Answer(429, True, headers)).wait == wait
