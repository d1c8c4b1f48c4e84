"""A chunk's people as the body of POST /v3/mail/send. Pure: Arrow in, bytes out.

Places, does not decide: every value was computed when the plan was frozen. One `to` a personalization, so nobody sees
anybody else. https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from include.core.campaign import Campaign, Sender
from include.dispatch.plan_files import slot_columns

ONE_CLICK = "List-Unsubscribe=One-Click"
"""RFC 8058, 3.1: the only value that List-Unsubscribe-Post may have."""


@dataclass(frozen=True)
class Envelope:
    """What is the same for everybody in a request, and the tags that differ. Made once a content."""

    message: Mapping[str, Any]
    tags: Sequence[str]
    edge_url: str


def envelope(campaign: Campaign, content: Mapping[str, Any], *, tracked: bool, batch_id: str | None = None) -> Envelope:
    """The request-level part for one content of a plan.

    SendGrid's own subscription tracking stays off: the unsubscribe link and headers are ours. Opens and clicks are tracked
    only for people who consented to that.
    """
    message: dict[str, Any] = {
        "from": _person(campaign.sender),
        "subject": content["subject"],
        "content": [{"type": "text/plain", "value": content["text"]}, {"type": "text/html", "value": content["html"]}],
        "categories": [campaign.id, *(name for name in campaign.categories if name != campaign.id)],
        "tracking_settings": {
            "click_tracking": {"enable": tracked, "enable_text": False},
            "open_tracking": {"enable": tracked},
            "subscription_tracking": {"enable": False},
            "ganalytics": {"enable": False},
        },
    }
    if campaign.reply_to:
        message["reply_to"] = _person(campaign.reply_to)
    if campaign.asm_group_id is not None:
        message["asm"] = {"group_id": campaign.asm_group_id}
    if batch_id:
        message["batch_id"] = batch_id
    if campaign.ip_pool_name:
        message["ip_pool_name"] = campaign.ip_pool_name
    return Envelope(message, content["tags"], content["edge_url"])


def body(envelope: Envelope, people: pa.Table, *, attempt: int, chunk: str, send_at: float | None = None) -> bytes:
    """The request for `people` (wire columns of `plan_files`). `chunk` is tw_chunk: `<plan id>.<number>`.

    `send_at` in Unix seconds, at most 72 h ahead; None is now.
    """
    slots = [people[name].to_pylist() for name in slot_columns(len(envelope.tags))]
    values = zip(*slots, strict=True) if slots else iter([()] * people.num_rows)
    tries, tags, unsubscribe = str(attempt), envelope.tags, f"<{envelope.edge_url}/u/"
    columns = (people[name].to_pylist() for name in ("email", "message_key", "token"))
    personalizations = [
        {
            "to": [{"email": email}],
            "headers": {"List-Unsubscribe": f"{unsubscribe}{token}>", "List-Unsubscribe-Post": ONE_CLICK},
            "substitutions": dict(zip(tags, row, strict=True)),
            "custom_args": {"tw_key": key, "tw_try": tries, "tw_chunk": chunk},
        }
        for email, key, token, row in zip(*columns, values, strict=True)
    ]
    scheduled = {"send_at": int(send_at)} if send_at is not None else {}
    return orjson.dumps({"personalizations": personalizations, **envelope.message, **scheduled})


def _person(sender: Sender) -> dict[str, str]:
    return {"email": sender.email, "name": sender.name}
