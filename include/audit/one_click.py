"""One-click unsubscribe (RFC 8058), tried from the link in the mail to the ledger that the sender reads.

The recipient is synthetic (`include.core.token.trial`): nobody has that address, no statistic counts that message, and the
suppression is lifted at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from include.audit.result import Finding, Result, conclude
from include.core import clock
from include.core.http_client import client, root_cause
from include.core.public_name import why_not_public
from include.core.token import Subject, mint, trial
from include.ledger import opt_out_log, suppressions
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression

SECONDS = 10.0
RECORDED_WITHIN = 2.0
"""Seconds after the answer in which the ledger must have the unsubscribe."""
SOURCE = "audit"
BODY = "List-Unsubscribe=One-Click"


@dataclass(frozen=True)
class Trial:
    """The status codes, 0 without an answer, and whether the ledger had the unsubscribe after each request."""

    page: int
    suppressed_by_page: bool
    post: int
    recorded: bool
    problem: str = ""


def check(stores: Stores, edge_url: str, local_url: str) -> Result:
    """Press the link of a synthetic mail at `edge_url`; at `local_url` if that cannot be public, as in the demo."""
    placeholder = why_not_public((urlsplit(edge_url).hostname or "").rstrip(".").lower())
    tried = _tried(stores, (local_url if placeholder else edge_url).rstrip("/"))
    evidence = {
        "address": "on this machine" if placeholder else "public", "GET": tried.page, "POST": tried.post,
        "in the ledger": tried.recorded,
    }  # fmt: skip
    findings = _findings(tried)
    if placeholder:
        findings.append((
            "unknown",
            f"The public address was not tried: edge_public_url {placeholder}. Set it to the https address of your edge.",
        ))  # fmt: skip
    return conclude("one_click", evidence, findings, fine="One click unsubscribes, and the sender knows it at once.")


def _tried(stores: Stores, base: str) -> Trial:
    person = trial(stores.secrets)
    _lift(stores, person)  # An earlier audit may have been killed.
    try:
        return _press(stores, f"{base}/u/{mint(stores.secrets, person)}", person)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return Trial(0, False, 0, False, type(root_cause(error)).__name__)
    finally:
        _lift(stores, person)


def _press(stores: Stores, link: str, person: Subject) -> Trial:
    with client(SECONDS) as http:
        page = http.get(link).status_code
        suppressed = _is_suppressed(stores, person)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        post = http.post(link, content=BODY, headers=form).status_code
    deadline = clock.elapsed() + RECORDED_WITHIN
    while not (recorded := _is_suppressed(stores, person)) and post == 200 and clock.elapsed() < deadline:
        time.sleep(0.1)
    return Trial(page, suppressed, post, recorded)


def _is_suppressed(stores: Stores, person: Subject) -> bool:
    return "unsubscribe" in suppressions.reasons_in_force(stores.ledger, person.address_key)


def _lift(stores: Stores, person: Subject) -> None:
    """Lift the suppression in the ledger, and in the log from which a restored ledger gets it back."""
    if suppressions.lift(stores.ledger, person.address_key, SOURCE, person.message_key):
        now = clock.now().timestamp()
        entry = Suppression(person.address_key, "unsubscribe", SOURCE, now, person.message_key)
        opt_out_log.append(stores.paths, "lift", entry)


def _findings(tried: Trial) -> list[Finding]:
    if tried.problem:
        return [("fail", f"The edge did not answer ({tried.problem}): nobody can unsubscribe. Check DNS, proxy and edge.")]
    found: list[Finding] = []
    if tried.page != 200:
        found.append(("fail", f"The page behind the link answered {tried.page}. Let the proxy pass /u/ to the edge."))
    if tried.suppressed_by_page:
        found.append(("fail", "Opening the link unsubscribed: scanners would unsubscribe people. A proxy posts."))
    if tried.post != 200:
        found.append(("fail", f"The one-click POST answered {tried.post}, not 200: keys differ, or a proxy redirects."))
    elif not tried.recorded:
        found.append(("fail", "The edge confirmed and the sender's ledger does not know: both must use the same ledger."))
    return found
