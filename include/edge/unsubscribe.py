"""GET and POST /u/{token}: unsubscribing as RFC 8058 and mailbox providers require: one click, no login, no redirect."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from include.core import clock
from include.core.paths import DataPaths
from include.core.token import Subject, repaired
from include.edge import body, page, spool
from include.edge.settings import settings
from include.edge.subject import LedgerUnavailable, minimum_duration, verify_link, with_ledger, with_paths
from include.ledger import opt_out_log
from include.ledger.database import Ledger
from include.ledger.suppressions import Suppression, suppress

ONE_CLICK, PAGE = "one_click", "unsubscribe_page"


async def unsubscribe(request: Request) -> Response:
    """GET shows a page and changes nothing, since scanners follow links. POST suppresses, whatever its body says.

    A POST does not need `List-Unsubscribe=One-Click`: the token is the authority, and a client that changes the body still
    acts for a person who unsubscribes. The body only determines the recorded source. An invalid token is 404 for both,
    because nobody was unsubscribed.
    """
    token = request.path_params["token"]
    if request.method != "POST":
        await verify_link(token)
        return page.render(request, "unsubscribe", token=repaired(token))
    content = await body.read_body(request, body.FORM_BYTES)
    source = ONE_CLICK if b"One-Click" in content else PAGE
    async with minimum_duration():
        await record_or_spool(await verify_link(token), source)
    return page.render(request, "unsubscribed", token=repaired(token))


async def record_or_spool(subject: Subject, source: str) -> None:
    """Record the unsubscribe in the ledger, or in the spool while it is unavailable. Raises `LedgerUnavailable`.

    No mail is sent meanwhile, because the sender needs the same ledger.
    """
    try:
        await with_ledger(lambda ledger, person: record_unsubscribe(ledger, person, source), subject)
    except LedgerUnavailable:
        await with_paths(lambda paths, person: spool_unsubscribe(paths, person, source), subject)


def record_unsubscribe(ledger: Ledger, subject: Subject, source: str) -> None:
    """Suppress the address, in force from the next chunk on, and append to the opt-out log."""
    entry = suppression(subject, source)
    suppress(ledger, [entry])
    opt_out_log.append(settings().paths, "suppress", entry)


def spool_unsubscribe(paths: DataPaths, subject: Subject, source: str) -> None:
    """Write the unsubscribe to the spool, while the ledger is unavailable. Raises OSError."""
    entry = suppression(subject, source)
    spool.write_unsubscribe(paths, entry)
    opt_out_log.append(paths, "suppress", entry)


def suppression(subject: Subject, source: str) -> Suppression:
    """The person's own unsubscribe, as of now."""
    return Suppression(subject.address_key, "unsubscribe", source, clock.now().timestamp(), subject.message_key)
