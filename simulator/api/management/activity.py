"""GET /v3/messages: the Email Activity API, a paid add-on. 1,000 rows, no cursor, 6 requests per minute, 30 days."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from simulator import clock
from simulator.api.management.parsing import BadRequest, query_integer
from simulator.api.payload import DECODER
from simulator.api.responses import FORBIDDEN, TOO_MANY, error_response, json_response
from simulator.state import SIMULATOR

MAX_ROWS, DAYS = 1_000, 30
CONDITION = re.compile(r"""\s*(unique_args\[['"](\w+)['"]\]|\w+)\s*=\s*['"]([^'"]*)['"]\s*""")
COLUMNS = {
    "msg_id": "requests.x_message_id || '.recvd' glob ? || '*'",
    "to_email": "lower(accepted.email) = lower(?)",
    "status": "accepted.status = ?",
    "tw_key": "accepted.tw_key = ?",
    "tw_try": "accepted.tw_try = ?",
    "tw_chunk": "accepted.tw_chunk = ?",
}
ROWS = (
    "select accepted.*, requests.x_message_id, requests.body from accepted join requests on requests.id = accepted.request "
    "where requests.accepted_at > ? and accepted.status <> 'accepted' and "
)


async def messages(request: web.Request) -> web.Response:
    """The messages that match the query, newest first. A query is conditions `field="value"`, joined by AND."""
    simulator = request.app[SIMULATOR]
    if not simulator.settings.activity:
        return error_response(403, [FORBIDDEN])
    if not simulator.activity_limit.allow():
        return error_response(429, [TOO_MANY], simulator.activity_limit.headers())
    clauses, values = conditions(request.query.get("query", ""))
    limit = query_integer(request, "limit", 10, 1, MAX_ROWS)
    since = clock.now() - DAYS * 86_400
    sql = f"{ROWS}{' and '.join(clauses)} order by accepted.seq desc limit ?"
    return json_response({"messages": [_shown(row) for row in await simulator.database.read(sql, since, *values, limit)]})


def conditions(query: str) -> tuple[list[str], list[str]]:
    """SQL clauses and the values to bind. Raises `BadRequest` for unsupported queries."""
    if not query.strip():
        raise BadRequest(400, "query is required", "query")
    clauses, values = [], []
    for part in re.split(r"\s+AND\s+", query, flags=re.IGNORECASE):
        match = CONDITION.fullmatch(part.strip().removeprefix("(").removesuffix(")"))
        column = COLUMNS.get(match[2] or match[1]) if match else None
        if match is None or column is None:
            raise BadRequest(400, f"invalid query: {part.strip()}", "query")
        clauses.append(column)
        values.append(match[3])
    return clauses, values


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    mail = DECODER.decode(row["body"])
    return {
        "from_email": mail.from_.email if mail.from_ else "",
        "msg_id": f"{row['x_message_id']}.recvd-7d4b9c6f5-{row['x_message_id'][:5].lower()}-1-{row['position']:X}.0",
        "subject": mail.personalizations[row["position"]].subject or mail.subject or "",
        "to_email": row["email"],
        "status": row["status"],
        "opens_count": row["opens"],
        "clicks_count": row["clicks"],
        "last_event_time": datetime.fromtimestamp(row["last_event_at"], UTC).isoformat().replace("+00:00", "Z"),
    }


ROUTES = [web.get("/v3/messages", messages)]
