"""Builds the body of POST /v3/mail/send for the people of a chunk. Pure: Arrow in, bytes out.

All values were computed when the plan was frozen. Each personalization has one `to`, so that recipients do not see each
other. https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from include.core.campaign import Campaign
from include.core.campaign_fields import Sender

ONE_CLICK = "List-Unsubscribe=One-Click"
"""RFC 8058, 3.1: the only valid value of List-Unsubscribe-Post."""


@dataclass(frozen=True)
class Envelope:
    """The request-level part of the body, and the slots. Built once per content.

    `values` opens the object of a person's values: substitutions, or the data of a dynamic template with what is the same
    for everybody.

    A slot has its tag, the shared text `before` and `after` the value, and the `column` of the value. Requests with a
    send_at carry `batch_id`.
    """

    message: Mapping[str, Any]
    slots: Sequence[Mapping[str, str]]
    edge_url: str
    batch_id: str | None
    values: str


def envelope(campaign: Campaign, content: Mapping[str, Any], *, tracked: bool, batch_id: str | None) -> Envelope:
    """The envelope of one content of a plan; `batch_id` is None if the provider has no batches.

    SendGrid's subscription tracking is off, since unsubscribe links and headers are ours. Opens and clicks are tracked only
    for people who consented to tracking.
    """
    message: dict[str, Any] = {
        "from": _person(campaign.sender),
        **_content(content),
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
    return Envelope(message, content["slots"], content["edge_url"], batch_id, _opening(content))


def _content(content: Mapping[str, Any]) -> dict[str, Any]:
    """Subject and parts, or the dynamic template that has them at SendGrid."""
    if template := content.get("template_id"):
        return {"template_id": template}
    parts = (("text/plain", content["text"]), ("text/html", content["html"]))
    return {"subject": content["subject"], "content": [{"type": kind, "value": text} for kind, text in parts]}


def _opening(content: Mapping[str, Any]) -> str:
    if "template_id" not in content:
        return '"substitutions":{'
    fixed = "".join(f"{_quoted(name)}:{_quoted(value)}," for name, value in content["fixed_data"].items())
    return f'"dynamic_template_data":{{{fixed}'


def escape_values(people: pa.Table) -> pa.Table:
    """The people with every text escaped for a JSON string; most columns need no escaping."""
    columns = ((name, people[name].combine_chunks()) for name in people.column_names)
    return pa.table({name: _escaped(column) if pa.types.is_string(column.type) else column for name, column in columns})


def body(envelope: Envelope, people: pa.Table, *, attempt: int, chunk: str, send_at: float | None = None) -> bytes:
    """The request for `people` (wire columns of `plan_files`, escaped). `chunk` is tw_chunk: `<plan id>.<number>`.

    `send_at` is in Unix seconds, at most 72 h ahead; None is now. Only scheduled requests carry the batch id: immediate ones
    cannot be paused at SendGrid. Arrow joins the JSON of the columns: one Python object per person would cost more than all
    other work of sending, mostly in the garbage collector.
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
    """The JSON of a personalization in pieces: shared texts, and the columns between them."""
    needed = {"email", "token", "message_key", *(slot["column"] for slot in envelope.slots)}
    values = {name: _complete(people[name]) for name in needed}
    link = f'"}}],"headers":{{"List-Unsubscribe":"<{_quoted(envelope.edge_url)[1:-1]}/u/'
    one_click = f'>","List-Unsubscribe-Post":{_quoted(ONE_CLICK)}}},{envelope.values}'
    pieces = ['{"to":[{"email":"', values["email"], link, values["token"], one_click]
    for number, slot in enumerate(envelope.slots):
        opening = f"{',' if number else ''}{_quoted(slot['tag'])}:{_quoted(slot['before'])[:-1]}"
        pieces += [opening, values[slot["column"]], f'{_quoted(slot.get("after", ""))[1:-1]}"']
    rest = f'","tw_try":"{attempt}","tw_chunk":{_quoted(chunk)}}}}}'
    return [*pieces, '},"custom_args":{"tw_key":"', values["message_key"], rest]


def _complete(column: pa.ChunkedArray) -> pa.Array:
    if column.null_count:
        raise ValueError("a column of a frozen plan contains a null")
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _escaped(values: pa.Array) -> pa.Array:
    content = _bytes_of(values)
    if b'"' not in content and b"\\" not in content and np.frombuffer(content, np.uint8).min(initial=32) >= 32:
        return values
    distinct = values.dictionary_encode()
    escape_values = [_quoted(value)[1:-1] for value in distinct.dictionary.to_pylist()]
    return pa.array(escape_values, pa.string()).take(distinct.indices)


def _bytes_of(values: pa.Array) -> bytes:
    """The concatenated bytes of all values."""
    _, edges, data = values.buffers()
    first, last = (int(np.frombuffer(edges, np.int32)[values.offset + place]) for place in (0, len(values)))
    return data.slice(first, last - first).to_pybytes() if data else b""


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _person(sender: Sender) -> dict[str, str]:
    return {"email": sender.email, "name": sender.name}
