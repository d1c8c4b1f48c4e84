"""Each rule of mail/send: a minimal body that violates it, the reported field and the message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.api.decoding import decode
from simulator.api.payload import Mail
from simulator.api.rules import problems, sender_refused
from simulator.api.rules.account import Account
from simulator.api.rules.fast_check import passes_fast_check
from simulator.api.rules.person import person_problems
from tests.simulator.mail_bodies import mail, person, with_, without

NOW = 1_800_000_000.0
ACCOUNT = Account(("example.com", "sender@elsewhere.example"), ("marketing",), {"batch"}.__contains__, {5}.__contains__)
ONE = "personalizations.0"
TEMPLATE = without("content", mail(template_id="d-0123456789abcdef0123456789abcdef"))
DYNAMIC = without(f"{ONE}.substitutions", TEMPLATE)


def found(body: Any) -> list[tuple[str | None, str]]:
    """(field, message) of every problem."""
    decoded = decode(json.dumps(body).encode())
    listed = problems(decoded, ACCOUNT, NOW) if isinstance(decoded, Mail) else decoded
    return [(one.field, one.message) for one in listed]


BROKEN = [
    ("no personalizations", without("personalizations"), "personalizations", "at least one personalization"),
    ("empty personalizations", with_("personalizations", []), "personalizations", "at least one personalization"),
    ("1,001 personalizations", mail(1_001), "personalizations", "at most 1000"),
    (
        "1,001 recipients",
        with_("personalizations.0.cc", [{"email": "c@example.com"}], mail(1_000)),
        "personalizations",
        "recipients",
    ),
    ("no to", without(f"{ONE}.to"), f"{ONE}.to", "to array is required"),
    ("empty to", with_(f"{ONE}.to", []), f"{ONE}.to", "to array is required"),
    ("no address", with_(f"{ONE}.to", [{"name": "A"}]), f"{ONE}.to.0.email", "valid address"),
    ("no domain", with_(f"{ONE}.to.0.email", "someone"), f"{ONE}.to.0.email", "valid address"),
    ("no top level", with_(f"{ONE}.to.0.email", "a@localhost"), f"{ONE}.to.0.email", "valid address"),
    ("two dots", with_(f"{ONE}.to.0.email", "a..b@example.com"), f"{ONE}.to.0.email", "valid address"),
    ("space", with_(f"{ONE}.to.0.email", "a b@example.com"), f"{ONE}.to.0.email", "valid address"),
    ("line break", with_(f"{ONE}.to.0.email", "a@example.com\n"), f"{ONE}.to.0.email", "valid address"),
    ("Unicode address", with_(f"{ONE}.to.0.email", "é@example.com"), f"{ONE}.to.0.email", "valid address"),
    ("255 characters", with_(f"{ONE}.to.0.email", "a" * 243 + "@example.com"), f"{ONE}.to.0.email", "valid address"),
    ("bad cc", with_(f"{ONE}.cc", [{"email": "x"}]), f"{ONE}.cc.0.email", "valid address"),
    ("bad bcc", with_(f"{ONE}.bcc", [{"email": "x"}]), f"{ONE}.bcc.0.email", "valid address"),
    ("address twice", with_(f"{ONE}.cc", [{"email": "PERSON0@gmail.example.com"}]), ONE, "should be unique"),
    ("name with a line break", with_(f"{ONE}.to.0.name", "A\nB"), f"{ONE}.to.0.name", "CR or LF"),
    ("person's bad from", with_(f"{ONE}.from", {"email": "x"}), f"{ONE}.from.email", "valid address"),
    ("person's empty subject", with_(f"{ONE}.subject", ""), f"{ONE}.subject", "at least one character"),
    ("person's subject with a line break", with_(f"{ONE}.subject", "a\r\nBcc: b"), f"{ONE}.subject", "CR or LF"),
    ("no from", without("from"), "from.email", "from object must be provided"),
    ("from without address", with_("from", {"name": "A"}), "from.email", "from object must be provided"),
    ("Unicode from", with_("from.email", "né@example.com"), "from.email", "valid address"),
    ("bad reply_to", with_("reply_to", {"email": "x"}), "reply_to.email", "valid address"),
    ("bad reply_to_list", with_("reply_to_list", [{"email": "x"}]), "reply_to_list.0.email", "valid address"),
    (
        "both reply_to and reply_to_list",
        mail(reply_to={"email": "a@example.com"}, reply_to_list=[{"email": "b@example.com"}]),
        "reply_to_list",
        "not both",
    ),
    ("no subject", without("subject"), "subject", "subject is required"),
    ("empty subject", with_("subject", ""), "subject", "subject is required"),
    ("subject with a line break", with_("subject", "a\nb"), "subject", "CR or LF"),
    ("no content", without("content"), "content", "content parameter is required"),
    ("empty content", with_("content", []), "content", "content parameter is required"),
    ("empty part", with_("content.1.value", ""), "content.1.value", "at least one character"),
    ("part without type", with_("content.1.type", ""), "content.1.type", "mime type"),
    ("charset in the type", with_("content.1.type", "text/html; charset=utf-8"), "content.1.type", "mime type"),
    ("HTML before text", with_("content", list(reversed(mail()["content"]))), "content", "text/plain must be first"),
    ("text twice", with_("content.1.type", "text/plain"), "content", "only once"),
    ("11 categories", with_("categories", [str(at) for at in range(11)]), "categories", "at most 10"),
    ("category twice", with_("categories", ["a", "a"]), "categories", "unique"),
    ("long category", with_("categories", ["a" * 256]), "categories.0", "255"),
    ("empty category", with_("categories", [""]), "categories.0", "1 to 255"),
    ("Unicode category", with_("categories", ["é"]), "categories.0", "ASCII"),
    ("empty custom_args", with_(f"{ONE}.custom_args", {}), f"{ONE}.custom_args", "not be empty"),
    ("long custom_args", with_(f"{ONE}.custom_args", {"a": "é" * 5_000}), f"{ONE}.custom_args", "10000 bytes"),
    ("empty shared custom_args", with_("custom_args", {}), "custom_args", "not be empty"),
    ("long merged custom_args", with_("custom_args", {"z": "a" * 9_990}), f"{ONE}.custom_args", "10000 bytes"),
    ("custom_args number", with_(f"{ONE}.custom_args.n", 1), f"{ONE}.custom_args.n", "Expected: string, given: integer"),
    ("custom_args null", with_(f"{ONE}.custom_args.n", None), f"{ONE}.custom_args.n", "Expected: string, given: null"),
    (
        "151 substitutions",
        with_(f"{ONE}.substitutions", {f"[{at}]": "" for at in range(151)}),
        f"{ONE}.substitutions",
        "at most 150",
    ),
    ("10,001 bytes", with_(f"{ONE}.substitutions", {"t": "a" * 10_000}), f"{ONE}.substitutions", "10000 bytes"),
    (
        "substitution list",
        with_(f"{ONE}.substitutions.[t]", ["a"]),
        f"{ONE}.substitutions.[t]",
        "Expected: string, given: array",
    ),
    ("substitutions with a dynamic template", TEMPLATE, f"{ONE}.substitutions", "dynamic templating"),
    ("template id", with_("template_id", "d-1", without("content")), "template_id", "valid GUID"),
    ("content beside a dynamic template", with_("content", mail()["content"], DYNAMIC), "content", "leave it out"),
    ("dynamic template without data", without("subject", DYNAMIC), f"{ONE}.dynamic_template_data", "prints nothing"),
    ("dynamic data without template", with_(f"{ONE}.dynamic_template_data", {"a": 1}), f"{ONE}.dynamic_template_data", "d-"),
    ("header value with a line break", with_(f"{ONE}.headers.X-A", "a\r\nBcc: b"), f"{ONE}.headers.X-A", "CR or LF"),
    ("shared header with a line break", with_("headers", {"X-A": "a\nb"}), "headers.X-A", "CR or LF"),
    ("Unicode header name", with_(f"{ONE}.headers.X-é", "a"), f"{ONE}.headers.X-é", "ASCII"),
    ("header name with a colon", with_(f"{ONE}.headers.X:A", "a"), f"{ONE}.headers.X:A", "ASCII"),
    ("header number", with_(f"{ONE}.headers.X-A", 1), f"{ONE}.headers.X-A", "Expected: string"),
    ("send_at after 72 hours", with_("send_at", int(NOW) + 259_201), "send_at", "72 hours"),
    ("person's send_at after 72 hours", with_(f"{ONE}.send_at", int(NOW) + 259_201), f"{ONE}.send_at", "72 hours"),
    ("send_at in milliseconds", with_("send_at", int(NOW) * 1_000), "send_at", "72 hours"),
    ("send_at as text", with_("send_at", "1800000000"), "send_at", "Expected: integer, given: string"),
    ("send_at with a fraction", with_("send_at", 1.5), "send_at", "Expected: integer, given: number"),
    ("unknown batch", with_("batch_id", "none"), "batch_id", "not valid"),
    ("unknown group", with_("asm", {"group_id": 6}), "asm.group_id", "does not exist"),
    ("group as text", with_("asm", {"group_id": "5"}), "asm.group_id", "Expected: integer"),
    ("no group", with_("asm", {}), "asm.group_id", "required"),
    ("26 groups", with_("asm", {"group_id": 5, "groups_to_display": [5] * 26}), "asm.groups_to_display", "at most 25"),
    ("short pool", with_("ip_pool_name", "a"), "ip_pool_name", "2 to 64"),
    ("long pool", with_("ip_pool_name", "a" * 65), "ip_pool_name", "2 to 64"),
    ("unknown pool", with_("ip_pool_name", "transactional"), "ip_pool_name", "does not exist"),
    ("attachment not base64", mail(attachments=[{"content": "§", "filename": "a"}]), "attachments.0.content", "base64"),
    ("attachment without name", mail(attachments=[{"content": "YQ=="}]), "attachments.0.filename", "required"),
    ("unknown field", mail(campaign="x"), "(root)", "Additional property campaign is not allowed"),
    ("unknown personal field", with_(f"{ONE}.name", "x"), ONE, "Additional property name is not allowed"),
    ("null subject", with_("subject", None), "subject", "Expected: string, given: null"),
    ("personalizations as object", with_("personalizations", {}), "personalizations", "Expected: array, given: object"),
    ("a list", [], "(root)", "Expected: object, given: array"),
]
RESERVED = [
    "x-sg-id",
    "x-sg-eid",
    "received",
    "dkim-signature",
    "Content-Type",
    "Content-Transfer-Encoding",
    "To",
    "From",
    "Subject",
    "Reply-To",
    "CC",
    "BCC",
]
GOOD = [
    ("the usual", mail()),
    ("1,000 people", mail(1_000)),
    ("the same address in two personalizations", mail(personalizations=[person(1), person(1)])),
    ("personal subjects", without("subject", with_(f"{ONE}.subject", "Yours"))),
    ("dynamic template", with_(f"{ONE}.dynamic_template_data", {"a": [1, {"b": None}]}, without("subject", DYNAMIC))),
    ("legacy template", without("subject", without("content", mail(template_id="0f8fad5b-d9cb-469f-a165-70867728950e")))),
    ("HTML alone", with_("content", [{"type": "text/html", "value": "x"}])),
    ("three parts", with_("content", [{"type": f"text/{t}", "value": "x"} for t in ("plain", "x-amp-html", "html")])),
    ("10 categories", with_("categories", [str(at) for at in range(10)])),
    ("150 substitutions", with_(f"{ONE}.substitutions", {f"[{at}]": "" for at in range(150)})),
    ("10,000 bytes", with_(f"{ONE}.substitutions", {"t": "a" * 9_999})),
    ("in 72 hours", with_("send_at", int(NOW) + 259_200)),
    ("in the past", with_("send_at", 1)),
    ("in the account", mail(batch_id="batch", asm={"group_id": 5, "groups_to_display": [5]}, ip_pool_name="marketing")),
    ("254 characters", with_(f"{ONE}.to.0.email", "a" * 242 + "@example.com")),
    ("Punycode", with_(f"{ONE}.to.0.email", "a@xn--bcher-kva.example")),
    ("settings", mail(mail_settings={"sandbox_mode": {"enable": True}, "footer": {"enable": True, "text": "t"}})),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field", "message"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_violation_is_reported_with_its_field(body: Any, field: str, message: str) -> None:
    said = found(body)
    assert [one for one in said if one[0] == field and message in one[1]], said


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_headers_are_rejected_in_any_case(name: str) -> None:
    assert found(with_(f"{ONE}.headers.{name.upper()}", "x"))
    assert found(with_("headers", {name: "x"}))


@pytest.mark.parametrize("body", [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
def test_a_valid_body_has_no_problems(body: Any) -> None:
    assert found(body) == []


def test_several_problems_are_reported_together() -> None:
    body = with_("personalizations.2.to.0.email", "bad", with_("categories", ["a", "a"], without("subject", mail(3))))
    assert {field for field, _ in found(body)} == {"subject", "categories", "personalizations.2.to.0.email"}


def test_wrong_types_of_several_people_are_reported_together() -> None:
    body = with_("personalizations.0.to", "x", with_("personalizations.2.subject", 1, mail(3)))
    assert {field for field, _ in found(body)} == {"personalizations.0.to", "personalizations.2.subject"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"subject": 1', b'{"subject": 1, "x": \xff}'])
def test_invalid_json_is_a_bad_request(body: bytes) -> None:
    response = decode(body)
    assert isinstance(response, list)
    assert response[0].message == "Bad Request"


@pytest.mark.parametrize(
    ("sender", "verified"),
    [
        ("news@example.com", True),
        ("news@mail.EXAMPLE.com", True),
        ("sender@elsewhere.example", True),
        ("other@elsewhere.example", False),
        ("news@badexample.com", False),
        ("news@example.org", False),
    ],
)
def test_only_verified_senders_may_send(sender: str, verified: bool) -> None:
    decoded = decode(json.dumps(with_("from.email", sender)).encode())
    assert isinstance(decoded, Mail)
    assert (sender_refused(decoded, ACCOUNT) is None) is verified


texts = st.text(st.sampled_from("aé\r\n []@.:"), max_size=12)
odd = st.text(st.sampled_from("ab@.é\n"), max_size=8)
addresses = st.one_of(st.just("a@b.example.com"), odd)
headers = st.dictionaries(
    st.one_of(st.sampled_from(["List-Unsubscribe", "List-Unsubscribe-Post", "To"]), texts), texts, max_size=2
)
values = st.dictionaries(texts, st.one_of(texts, st.integers(0, 4).map(lambda n: "é" * (n * 2_400))), max_size=3)
people = st.fixed_dictionaries(
    {"to": st.lists(st.fixed_dictionaries({"email": addresses}, optional={"name": texts}), max_size=2)},
    optional={
        "subject": texts,
        "headers": headers,
        "substitutions": values,
        "custom_args": values,
        "send_at": st.sampled_from([-1, 0, 1, 2**40]),
    },
)
good_people = st.builds(person, st.integers(0, 9))


@given(st.lists(st.one_of(good_people, people), min_size=1, max_size=3))
def test_the_fast_check_never_misses_a_problem(raw: list[dict[str, Any]]) -> None:
    decoded = decode(json.dumps(mail(personalizations=raw)).encode())
    assert isinstance(decoded, Mail)
    if passes_fast_check(decoded, NOW):
        assert not [
            one for at, each in enumerate(decoded.personalizations) for one in person_problems(at, each, decoded, NOW)
        ]


def test_the_fast_check_passes_typical_mail() -> None:
    usual_ones = [
        mail(1_000),
        with_(f"{ONE}.send_at", int(NOW) + 60),
        with_(f"{ONE}.subject", "Yours"),
        with_(f"{ONE}.to.0.name", "A"),
    ]
    for body in usual_ones:
        decoded = decode(json.dumps(body).encode())
        assert isinstance(decoded, Mail)
        assert passes_fast_check(decoded, NOW)
