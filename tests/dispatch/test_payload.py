"""The body of a request, concatenated by Arrow, is the expected JSON."""

from __future__ import annotations

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.campaign_fields import Sender
from include.sendgrid import payload
from tests.campaign import CAMPAIGN
from tests.dispatch.frozen import CONTENT

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", '"', "\\", "\n", "\x00", "\x1f", "ü"]
)
ROW = st.tuples(TEXT, TEXT, TEXT, TEXT)
NAMES = ("email", "token", "message_key", "slot_0")


def table(rows: list[tuple[str, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(NAMES, columns, strict=True)})


@given(st.lists(ROW, min_size=1, max_size=8), st.integers(0, 3), TEXT)
def test_body_contains_every_value_as_frozen(rows: list[tuple[str, ...]], before: int, chunk: str) -> None:
    """`before`: the number of earlier rows in the file, since a chunk is a slice of it."""
    envelope = payload.envelope(CAMPAIGN, CONTENT, tracked=True, batch_id=None)
    people = payload.escape_values(table([("earlier", '"', "x", "y")] * before + rows)).slice(before)
    sent = orjson.loads(payload.body(envelope, people, attempt=2, chunk=chunk))
    assert sent.pop("personalizations") == [
        {
            "to": [{"email": email}],
            "headers": {
                "List-Unsubscribe": f"<https://mail.tradewind.example/u/{token}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
            "substitutions": {"-tw0-": first, "-tw1-": f"https://mail.tradewind.example/u/{token}"},
            "custom_args": {"tw_key": key, "tw_try": "2", "tw_chunk": chunk},
        }
        for email, token, key, first in rows
    ]
    assert sent == envelope.message


def test_language_parameter_is_in_the_link_but_not_in_the_header() -> None:
    slot = {"tag": "-tw0-", "column": "token", "before": "https://mail.tradewind.example/u/", "after": '?l="de'}
    envelope = payload.envelope(CAMPAIGN, {**CONTENT, "slots": [slot]}, tracked=True, batch_id=None)
    (person,) = orjson.loads(payload.body(envelope, table([("a", "T", "c", "d")]), attempt=1, chunk="c"))["personalizations"]
    assert person["substitutions"] == {"-tw0-": 'https://mail.tradewind.example/u/T?l="de'}
    assert person["headers"]["List-Unsubscribe"] == "<https://mail.tradewind.example/u/T>"


def test_content_without_slots_has_no_substitutions() -> None:
    envelope = payload.envelope(CAMPAIGN, {**CONTENT, "slots": []}, tracked=False, batch_id=None)
    sent = orjson.loads(payload.body(envelope, table([("a", "b", "c", "d")]), attempt=1, chunk="c", send_at=12.7))
    assert (sent["personalizations"][0]["substitutions"], sent["send_at"]) == ({}, 12)


def test_scheduled_request_has_the_batch_id() -> None:
    def sent(batch_id: str | None, send_at: float | None) -> dict[str, object]:
        envelope = payload.envelope(CAMPAIGN, CONTENT, tracked=True, batch_id=batch_id)
        people = table([("a", "b", "c", "d")])
        body = orjson.loads(payload.body(envelope, people, attempt=1, chunk="c", send_at=send_at))
        return {name: body[name] for name in ("send_at", "batch_id") if name in body}

    assert sent("B", 12.0) == {"send_at": 12, "batch_id": "B"}
    assert sent(None, 12.0) == {"send_at": 12}
    assert sent("B", None) == {}


def test_missing_value_is_an_error() -> None:
    people = table([("a", "b", "c", "d")]).set_column(0, "email", pa.array([None], pa.string()))
    with pytest.raises(ValueError, match="contains a null"):
        payload.body(payload.envelope(CAMPAIGN, CONTENT, tracked=True, batch_id=None), people, attempt=1, chunk="c")


def test_envelope_contains_the_shared_fields() -> None:
    full = CAMPAIGN.model_copy(
        update={
            "reply_to": Sender(email="help@shop.example.com", name="Help"),
            "categories": ("winter", "spring"),
            "asm_group_id": 0,
            "ip_pool_name": "pool",
        }
    )
    sent = payload.envelope(full, CONTENT, tracked=True, batch_id="batch")
    assert sent.message == {
        "from": {"email": "news@shop.example.com", "name": "Shop"},
        "reply_to": {"email": "help@shop.example.com", "name": "Help"},
        "subject": CONTENT["subject"],
        "content": [{"type": "text/plain", "value": CONTENT["text"]}, {"type": "text/html", "value": CONTENT["html"]}],
        "categories": ["spring", "winter"],
        "tracking_settings": {
            "click_tracking": {"enable": True, "enable_text": False},
            "open_tracking": {"enable": True},
            "subscription_tracking": {"enable": False},
            "ganalytics": {"enable": False},
        },
        "asm": {"group_id": 0},
        "ip_pool_name": "pool",
    }
    assert (sent.slots, sent.edge_url, sent.batch_id) == (CONTENT["slots"], CONTENT["edge_url"], "batch")
    plain = payload.envelope(CAMPAIGN, CONTENT, tracked=False, batch_id=None).message
    assert {"reply_to", "asm", "batch_id", "ip_pool_name"}.isdisjoint(plain)
    assert plain["tracking_settings"]["click_tracking"] == {"enable": False, "enable_text": False}
    assert plain["tracking_settings"]["open_tracking"] == {"enable": False}
