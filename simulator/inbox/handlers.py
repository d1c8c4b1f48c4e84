"""The pages of /inbox, and the same as JSON for scripts: `.json` at the end, or `Accept: application/json`.

Mails are foreign content: each is shown in a sandboxed frame, without scripts, forms and anything from the network.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from simulator import clock
from simulator.api.payload import DECODER
from simulator.api.responses import Problem, error_response, json_response
from simulator.database import FOLDER
from simulator.inbox import search
from simulator.inbox.actions import actions
from simulator.inbox.marks import STATES
from simulator.inbox.message import Message, html_for_reading, load, message_of, moment
from simulator.inbox.words import preheader
from simulator.recipients.render import one_click
from simulator.state import SIMULATOR, Simulator

PAGES = FOLDER / "inbox" / "pages"
PARTS = {"html": "HTML", "phone": "Phone", "text": "Text", "headers": "Headers", "source": "Source"}
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; frame-ancestors 'self'"
)
SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
NO_MESSAGE = Problem("There is no message with this number, or its recipient is erased.", "seq", None)
UNSUBSCRIBE = "insert into link_visits (seq, how, url, useragent, not_before) values (?, 'one_click', ?, ?, ?)"
templates = Environment(
    loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
templates.filters["moment"] = lambda at: moment(at).strftime("%d %b %Y %H:%M:%S")
templates.filters["short"] = lambda at: moment(at).strftime("%d %b %H:%M")


async def inbox(request: web.Request) -> web.Response:
    """The messages that match `q`, `state` and `campaign`, newest first; `before` (a seq) and `limit` page through them."""
    simulator, asked = request.app[SIMULATOR], request.query
    query = search.parse(asked.get("q", ""), asked.get("state", ""), asked.get("campaign", ""))
    limit = min(_number(asked.get("limit"), search.PAGE), search.MAX_PAGE)
    before = _number(asked["before"], 0) if "before" in asked else None
    rows = await search.find(simulator.database, query, before, limit + 1)
    lines = await _lines(simulator, rows[:limit])
    older = lines[-1]["seq"] if len(rows) > limit else None
    if _wants_json(request):
        return json_response({"messages": lines, "unknown": query.unknown, "before": older})
    campaigns = await search.campaigns(simulator.database)
    following = urlencode({**asked, "before": older}) if older else ""
    return _page("list.html.j2", asked=asked, lines=lines, older=following, campaigns=campaigns, states=STATES, query=query)


async def message(request: web.Request) -> web.Response:
    """One message: its parts, headers, source and what its recipient did."""
    simulator = request.app[SIMULATOR]
    found = await load(simulator.database, int(request.match_info["seq"]))
    if found is None:
        if _wants_json(request):
            return error_response(404, [NO_MESSAGE])
        return _page("gone.html.j2", status=404)
    happened = await actions(simulator, found)
    if _wants_json(request):
        return json_response({
            **_line(found), "headers": found.headers(), "request": found.request_fields(), "text": found.rendered.plain,
            "html": found.rendered.html, "list_unsubscribe": found.unsubscribe,
            "actions": [action._asdict() for action in happened],
        })  # fmt: skip
    part = request.query.get("part")
    return _page(
        "message.html.j2", found=found, line=_line(found), actions=happened, parts=PARTS,
        part=part if part in PARTS else "html", asked="asked" in request.query,
        one_click=one_click(found.person, found.mail) and bool(simulator.settings.edge),
    )  # fmt: skip


async def mail_html(request: web.Request) -> web.Response:
    """The HTML part for the frame; scripts, forms and requests to other places than the edge's images are off."""
    simulator = request.app[SIMULATOR]
    found = await load(simulator.database, int(request.match_info["seq"]))
    if found is None:
        return error_response(404, [NO_MESSAGE])
    page = html_for_reading(found, simulator.settings.edge)
    page = f'<base target="_blank">{page}' if "<head" not in page.lower() else _in_head(page)
    policy = MAIL_POLICY.replace("img-src data:", f"img-src data: {simulator.settings.edge or ''}")
    return web.Response(text=page, content_type="text/html", headers={**SAFE, "Content-Security-Policy": policy})


async def unsubscribe(request: web.Request) -> web.Response:
    """Post List-Unsubscribe=One-Click to the link in the header, as a mail client does for its own button."""
    simulator = request.app[SIMULATOR]
    found = await load(simulator.database, int(request.match_info["seq"]))
    if not _same_origin(request):
        return error_response(403, [Problem("Press the button on the message's own page.", None, None)])
    if found is None or not one_click(found.person, found.mail) or not found.unsubscribe:
        return error_response(404, [NO_MESSAGE])
    await simulator.database.execute(UNSUBSCRIBE, found.seq, found.unsubscribe, "Tradewind simulator inbox", clock.now())
    raise web.HTTPSeeOther(f"/inbox/{found.seq}?asked=1")


async def style(_request: web.Request) -> web.Response:
    """The style sheet."""
    return web.Response(text=(PAGES / "style.css").read_text(encoding="utf-8"), content_type="text/css", headers=SAFE)


async def _lines(simulator: Simulator, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The inbox lines of rows. A request is decoded once for all its messages, outside of the event loop."""
    requests = await search.requests_of(simulator.database, rows)

    def render_all() -> list[dict[str, Any]]:
        mails = {number: DECODER.decode(request["body"]) for number, request in requests.items()}
        return [_line(message_of(row, requests[row["request"]], mails[row["request"]])) for row in rows]

    return await asyncio.to_thread(render_all)


def _line(found: Message) -> dict[str, Any]:
    row = found.row
    return {
        "seq": found.seq, "from": found.sender, "to": row["email"], "subject": found.rendered.subject,
        "preheader": preheader(found.mail, found.person), "accepted_at": row["accepted_at"], "campaign": row["campaign"],
        "state": row["state"], "opens": row["opens"], "clicks": row["clicks"], "tw_key": row["tw_key"],
    }  # fmt: skip


def _in_head(page: str) -> str:
    start = page.lower().index("<head")
    end = page.find(">", start) + 1 or len(page)
    return f'{page[:end]}<base target="_blank">{page[end:]}'


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 16 else default


def _wants_json(request: web.Request) -> bool:
    accept = request.headers.get("Accept", "")
    return request.path.endswith(".json") or ("application/json" in accept and "text/html" not in accept)


def _same_origin(request: web.Request) -> bool:
    """Whether a form of this page was sent: browsers say where a POST comes from; another site's form is refused."""
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc == request.host


def _page(name: str, status: int = 200, **values: Any) -> web.Response:
    text = templates.get_template(name).render(**values)
    headers = {**SAFE, "Content-Security-Policy": PAGE_POLICY}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


ROUTES = [
    web.get("/inbox", inbox),
    web.get("/inbox.json", inbox),
    web.get("/inbox/style.css", style),
    web.get("/inbox/{seq:\\d{1,15}}", message),
    web.get("/inbox/{seq:\\d{1,15}}.json", message),
    web.get("/inbox/{seq:\\d{1,15}}/html", mail_html),
    web.post("/inbox/{seq:\\d{1,15}}/unsubscribe", unsubscribe),
]
