"""GET and POST /u/{token}: leaving, as RFC 8058 and the senders' rules ask (see docs: one click, no login, no redirect)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from include.core import clock
from include.core.paths import DataPaths
from include.core.token import Subject, repaired
from include.edge import body, page, spool
from include.edge.person import LedgerSilent, ask, keep, steady_time, subject_of
from include.edge.settings import settings
from include.ledger import opt_out_log
from include.ledger.database import Ledger
from include.ledger.suppressions import Suppression, suppress

ONE_CLICK, PAGE = "one_click", "unsubscribe_page"


async def unsubscribe(request: Request) -> Response:
    """GET shows a page and changes nothing, since scanners follow links. POST suppresses, whatever its body says.

    A POST is honoured without looking for `List-Unsubscribe=One-Click`: the token is the authority, and a client that
    garbles the body still speaks for a person who wants to leave. The body only names the source. A token that does not
    verify is 404 for both: nobody was unsubscribed, and neither a person nor a mail client is told otherwise.
    """
    token = request.path_params["token"]
    if request.method != "POST":
        await subject_of(token)
        return page.show(request, "unsubscribe", token=repaired(token))
    content = await body.read_body(request, body.FORM_BYTES)
    source = ONE_CLICK if b"One-Click" in content else PAGE
    async with steady_time():
        await record(await subject_of(token), source)
    return page.show(request, "unsubscribed", token=repaired(token))


async def record(subject: Subject, source: str) -> None:
    """Suppress in the ledger; where it is away, keep the wish on disk until it is back. Raises `LedgerSilent`.

    Nobody is mailed meanwhile: what cannot suppress cannot send, the sender asks the same ledger.
    """
    try:
        await ask(lambda ledger, person: leave(ledger, person, source), subject)
    except LedgerSilent:
        await keep(lambda paths, person: leave_later(paths, person, source), subject)


def leave(ledger: Ledger, subject: Subject, source: str) -> None:
    """Suppress the person, in force for the next chunk."""
    wish = suppression(subject, source)
    suppress(ledger, [wish])
    opt_out_log.note(settings().paths, "suppress", wish)


def leave_later(paths: DataPaths, subject: Subject, source: str) -> None:
    """Keep the wish in the spool, for as long as the ledger is away. Raises OSError."""
    wish = suppression(subject, source)
    spool.keep_unsubscribe(paths, wish)
    opt_out_log.note(paths, "suppress", wish)


def suppression(subject: Subject, source: str) -> Suppression:
    """The person's own unsubscribe, from this moment on."""
    return Suppression(subject.address_key, "unsubscribe", source, clock.now().timestamp(), subject.message_key)
