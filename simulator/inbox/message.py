"""One message as its recipient has it: its headers, both parts and its source."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from simulator.api.acceptance import merged_args, send_time
from simulator.api.payload import DECODER, Address, Mail, Personalization
from simulator.database import Database
from simulator.inbox.marks import ERASED, STATE
from simulator.recipients.render import Rendered, render, substitute, unsubscribe_link

ROW = f"select *, {STATE} as state from accepted where seq = ? and marks & {ERASED} = 0"
REQUEST = "select id, x_message_id, accepted_at, campaign, body from requests where id = ?"


class Message(NamedTuple):
    """A row of `accepted`, its request, and the two rendered."""

    row: dict[str, Any]
    mail: Mail
    person: Personalization
    rendered: Rendered

    @property
    def seq(self) -> int:
        return int(self.row["seq"])

    @property
    def sender(self) -> str:
        return shown_address(self.person.from_ or self.mail.from_)

    @property
    def unsubscribe(self) -> str | None:
        """The link of List-Unsubscribe."""
        return unsubscribe_link(self.person, self.mail)

    def headers(self) -> dict[str, str]:
        """The headers of the mail in the order of a source, with the request's own headers after the usual ones."""
        own = {**(self.mail.headers or {}), **(self.person.headers or {})}
        reply_to = shown_address(self.mail.reply_to)
        usual = {
            "Date": format_datetime(moment(self.row["accepted_at"])),
            "From": self.sender,
            "To": shown_address(self.person.to[0]) if self.person.to else "",
            **({"Reply-To": reply_to} if reply_to else {}),
            "Subject": self.rendered.subject,
            "Message-ID": f"<{self.row['x_message_id']}.{self.row['position']}@simulator.invalid>",
        }
        return {**usual, **{name: substitute(value, self.mail, self.person) for name, value in own.items()}}

    def request_fields(self) -> dict[str, str]:
        """What the request says besides the mail: keys, categories, times."""
        at = send_time(self.mail, self.person)
        fields = {
            **{f"custom_args.{name}": value for name, value in merged_args(self.mail, self.person).items()},
            "categories": ", ".join(self.mail.categories or []),
            "send_at": moment(at).isoformat(sep=" ") if at else "",
            "batch_id": self.mail.batch_id or "",
            "ip_pool_name": self.mail.ip_pool_name or "",
            "x_message_id": self.row["x_message_id"],
        }
        return {name: value for name, value in fields.items() if value}

    def source(self) -> str:
        """The mail in the format of RFC 5322, with both parts readable in it."""
        boundary = f"----{self.row['x_message_id']}"
        parts = [
            f"--{boundary}\nContent-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n"
            for kind, text in (("plain", self.rendered.plain), ("html", self.rendered.html))
            if text
        ]
        kind = f'multipart/alternative; boundary="{boundary}"'
        headers = {**self.headers(), "MIME-Version": "1.0", "Content-Type": kind}
        head = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in headers.items())
        return "\n".join([head, *parts, f"--{boundary}--\n"])


async def load(database: Database, seq: int) -> Message | None:
    """The message with a number; None if there is none or if its person is erased."""
    rows = await database.read(ROW, seq)
    if not rows:
        return None
    request = (await database.read(REQUEST, rows[0]["request"]))[0]
    mail = DECODER.decode(request["body"])
    return message_of(rows[0], request, mail)


def message_of(row: dict[str, Any], request: dict[str, Any], mail: Mail) -> Message:
    """The message of a row and its decoded request."""
    person = mail.personalizations[row["position"]]
    known = {name: request[name] for name in ("x_message_id", "accepted_at", "campaign")}
    return Message({**row, **known}, mail, person, render(mail, person))


def html_for_reading(message: Message, edge: str | None) -> str:
    """The HTML part with links and images of the sender's unsubscribe host from the edge, where they work on loopback."""
    page, link = message.rendered.html, message.unsubscribe
    if not link or not edge:
        return page
    parts = urlsplit(link)
    host = re.compile(rf"((?:href|src)\s*=\s*[\"']?){re.escape(f'{parts.scheme}://{parts.netloc}')}(?=/)", re.IGNORECASE)
    return host.sub(lambda found: found[1] + edge.rstrip("/"), page)


def shown_address(address: Address | Any) -> str:
    """`Name <address>`; empty if there is none."""
    if not address:
        return ""
    return f"{address.name} <{address.email}>" if address.name else str(address.email)


def moment(at: float) -> datetime:
    """Unix seconds as a UTC time of whole seconds."""
    return datetime.fromtimestamp(int(at), UTC)
