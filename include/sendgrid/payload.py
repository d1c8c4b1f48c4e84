"""A chunk's people as the body of POST /v3/mail/send. Pure: Arrow in, bytes out.

Places, does not decide: every value was computed when the plan was frozen. One `to` a personalization, so nobody sees
anybody else. https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from include.core.campaign import Campaign, Sender

ONE_CLICK = "List-Unsubscribe=One-Click"
"""RFC 8058, 3.1: the only value that List-Unsubscribe-Post may have."""


@dataclass(frozen=True)
class Envelope:
    """What is the same for everybody in a request, and the slots that differ. Made once a content.

    A slot is its tag, what stands `before` and `after` the value for everybody, and the `column` of the value. `batch_id` is
    that of requests with a send_at.
    """

    message: Mapping[str, Any]
    slots: Sequence[Mapping[str, str]]
    edge_url: str
    batch_id: str | None


def envelope(campaign: Campaign, content: Mapping[str, Any], *, tracked: bool, batch_id: str | None) -> Envelope:
    """The request-level part for one content of a plan; `batch_id` is None where the provider has no batches.

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
    if campaign.ip_pool_name:
        message["ip_pool_name"] = campaign.ip_pool_name
    return Envelope(message, content["slots"], content["edge_url"], batch_id)


def escape_values(people: pa.Table) -> pa.Table:
    """The same people with every value as it stands between the quotes of JSON; most columns hold nothing to escape."""
    return pa.table({name: _escaped(people[name].combine_chunks()) for name in people.column_names})


def body(envelope: Envelope, people: pa.Table, *, attempt: int, chunk: str, send_at: float | None = None) -> bytes:
    """The request for `people` (wire columns of `plan_files`, escaped). `chunk` is tw_chunk: `<plan id>.<number>`.

    `send_at` in Unix seconds, at most 72 h ahead; None is now. Only what SendGrid holds for later carries the batch: what
    goes at once cannot be paused there, and nobody has to wonder whether it was. Arrow joins the columns' JSON: a Python
    object a person costs more than all the rest of sending, most of it for the garbage collector.
    """
    head = orjson.dumps({**envelope.message, **_scheduled(envelope, send_at)})
    each = pc.binary_join_element_wise(*_personalization(envelope, people, attempt, chunk), ",", "")
    everybody = _bytes_of(each)
    return b"".join((head[:-1], b',"personalizations":[', everybody[:-1], b"]}"))


def _scheduled(envelope: Envelope, send_at: float | None) -> dict[str, Any]:
    if send_at is None:
        return {}
    return {"send_at": int(send_at), **({"batch_id": envelope.batch_id} if envelope.batch_id else {})}


def _personalization(envelope: Envelope, people: pa.Table, attempt: int, chunk: str) -> list[str | pa.Array]:
    """One person's JSON in pieces: the text that all share, and the columns that stand between."""
    needed = {"email", "token", "message_key", *(slot["column"] for slot in envelope.slots)}
    values = {name: _complete(people[name]) for name in needed}
    link = f'"}}],"headers":{{"List-Unsubscribe":"<{_quoted(envelope.edge_url)[1:-1]}/u/'
    one_click = f'>","List-Unsubscribe-Post":{_quoted(ONE_CLICK)}}},"substitutions":{{'
    pieces = ['{"to":[{"email":"', values["email"], link, values["token"], one_click]
    for number, slot in enumerate(envelope.slots):
        opening = f"{',' if number else ''}{_quoted(slot['tag'])}:{_quoted(slot['before'])[:-1]}"
        pieces += [opening, values[slot["column"]], f'{_quoted(slot.get("after", ""))[1:-1]}"']
    rest = f'","tw_try":"{attempt}","tw_chunk":{_quoted(chunk)}}}}}'
    return [*pieces, '},"custom_args":{"tw_key":"', values["message_key"], rest]


def _complete(column: pa.ChunkedArray) -> pa.Array:
    if column.null_count:
        raise ValueError("a column of a frozen plan has no value for somebody")
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _escaped(values: pa.Array) -> pa.Array:
    content = _bytes_of(values)
    if b'"' not in content and b"\\" not in content and np.frombuffer(content, np.uint8).min(initial=32) >= 32:
        return values
    distinct = values.dictionary_encode()
    escape_values = [_quoted(value)[1:-1] for value in distinct.dictionary.to_pylist()]
    return pa.array(escape_values, pa.string()).take(distinct.indices)


def _bytes_of(values: pa.Array) -> bytes:
    """All values, one after the other."""
    _, edges, data = values.buffers()
    first, last = (int(np.frombuffer(edges, np.int32)[values.offset + place]) for place in (0, len(values)))
    return data.slice(first, last - first).to_pybytes() if data else b""


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _person(sender: Sender) -> dict[str, str]:
    return {"email": sender.email, "name": sender.name}
