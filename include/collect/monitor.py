"""Looks around after each collection, tells once: rates that warn, an open breaker, doubt, silence, damaged links."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson

from include.collect import breaker, damaged_links
from include.core import clock
from include.core.alert import Alert, deliver
from include.core.durable import write_durably
from include.core.paths import DataPaths
from include.ledger import doubt, holds, plans
from include.ledger.database import Ledger
from include.ledger.holds import Hold
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

EVENTS_TAKE = timedelta(minutes=15)
"""Doubt younger than this is not told: the events that resolve it are still under way."""
SILENCE = timedelta(minutes=30)
"""SendGrid tells within seconds that it processed a message; after half an hour something between us is broken."""
LOOK_BACK = timedelta(hours=24)
MEMORY = "known"


_NOT_YET = "Nothing is held back yet."
_TOO_LATE = "That is above the limit that stops a campaign, but this one is finished: nothing of it is left to hold back."


def look(stores: Stores, *, webhook_url: str = "", dag: str = "", run: str = "") -> dict[str, int]:
    """Run the circuit breaker, compare with the look before, and deliver an alert for each thing that is new.

    What was told is written down after it was told: a crash between the two tells twice, never not at all. Returns the
    warnings that stand, new holds, the people in doubt and the alerts delivered.
    """
    warnings, held = breaker.watch(stores)
    before = _known(stores.paths)
    standing = [hold for hold in holds.all_holds(stores.ledger) if hold.released_at is None]
    doubtful = doubt.unresolved_doubt(stores.ledger, (clock.now() - EVENTS_TAKE).timestamp())
    silent_since = silence(stores)
    damaged = damaged_links.in_a_row(stores.paths)
    now: dict[str, Any] = {
        "warnings": sorted(finding.name for finding in warnings),
        "holds": sorted(_name(hold) for hold in standing),
        "doubt": {row.plan_id: row.people for row in doubtful},
        "silent": silent_since is not None,
        "links": damaged >= damaged_links.MANY,
    }
    alerts = [
        *_of_warnings((finding for finding in warnings if finding.name not in before["warnings"]), dag, run),
        *_of_holds(stores.ledger, (hold for hold in standing if _name(hold) not in before["holds"]), dag, run),
        *_of_doubt(doubtful, before["doubt"], dag, run),
        *([_of_silence(silent_since, dag, run)] if silent_since and not before["silent"] else []),
        *(
            [damaged_links.alert(damaged_links.in_a_row(stores.paths), dag, run)]
            if now["links"] and not before["links"]
            else []
        ),
    ]
    for alert in alerts:
        deliver(stores.paths, alert, webhook_url)
    write_durably(stores.paths.alerts / MEMORY, orjson.dumps(now, option=orjson.OPT_INDENT_2))
    return {"warnings": len(warnings), "held": held, "in_doubt": sum(now["doubt"].values()), "alerts": len(alerts)}


def silence(stores: Stores) -> datetime | None:
    """Since when the webhook is silent although mail went out; None where it is not, or nothing went out."""
    now = clock.now()
    due = doubt.newest_due_request(stores.ledger, (now - LOOK_BACK).timestamp(), (now - SILENCE).timestamp())
    if due is None:
        return None
    with open_warehouse(stores.paths) as warehouse:
        heard = fetch(warehouse, "collect", "last_webhook_batch", {"since": due})["last_received_at"][0].as_py()
    return None if heard else datetime.fromtimestamp(due, now.tzinfo)


def _of_warnings(fresh: Iterable[breaker.Finding], dag: str, run: str) -> Iterator[Alert]:
    for finding in fresh:
        yield Alert(
            "rate-warning", f"{finding.campaign} {finding.occurrence}: {finding.reason.partition(' (')[0]}",
            f"Over the last 24 hours, for {finding.provider or 'all mailbox providers'}: {finding.reason}.",
            f"{_TOO_LATE if finding.stops else _NOT_YET} People who bounced or complained are suppressed already.",
            "Find out why people bounce or complain before a mailbox provider blocks the domain.",
            "docs/runbook/breaker-open.md#a-warning", "warning", dag, run, "watch", about=finding.name,
        )  # fmt: skip


def _of_holds(ledger: Ledger, fresh: Iterable[Hold], dag: str, run: str) -> Iterator[Alert]:
    for hold in fresh:
        plan = plans.find_plan(ledger, hold.plan_id)
        campaign = f"{plan.campaign} {plan.occurrence}" if plan else f"plan {hold.plan_id}"
        who = hold.provider or "all mailbox providers"
        yield Alert(
            "breaker-open", f"The circuit breaker holds back {campaign} for {who}", f"{hold.reason}.",
            "Nobody is dropped: who was not sent to is pending. Other campaigns and providers go on.",
            "Find out why people bounce or complain before you resume.", "docs/runbook/breaker-open.md#what-to-do",
            dag=dag, run=run, task="watch", about=_name(hold),
        )  # fmt: skip


def _of_doubt(doubtful: list[doubt.UnresolvedDoubt], before: dict[str, int], dag: str, run: str) -> Iterator[Alert]:
    for row in doubtful:
        known = before.get(row.plan_id, 0)
        if row.people > known:
            yield Alert(
                "growing-doubt", f"{row.campaign} {row.occurrence}: {row.people} people are in doubt",
                f"It was {known} at the last look. SendGrid may or may not have taken their messages.",
                "None of them is mailed again by itself. Events still resolve doubt when they come.",
                "See whether SendGrid or the network is in trouble, then whether the webhook delivers.",
                "docs/runbook/growing-doubt.md#what-to-do", "warning", dag, run, "watch",
                about=f"{row.plan_id} {row.people}",
            )  # fmt: skip


def _of_silence(since: datetime, dag: str, run: str) -> Alert:
    return Alert(
        "webhook-silent", "The event webhook is silent although mail went out",
        f"Nothing verified has come since {since:%Y-%m-%d %H:%M} UTC.",
        "Mail goes on, SendGrid tries its events again for 24 hours, and bounces are read from its lists too.",
        "See whether the edge is reachable from the internet and knows the webhook's key.",
        "docs/runbook/webhook-silent.md#what-to-do", dag=dag, run=run, task="watch",
    )  # fmt: skip


def _name(hold: Hold) -> str:
    return f"{hold.plan_id} {hold.provider} {hold.held_at:.0f}"


def _known(paths: DataPaths) -> dict[str, Any]:
    """What the look before saw; a file that is missing or torn knows nothing, and everything is told again."""
    nothing: dict[str, Any] = {"warnings": [], "holds": [], "doubt": {}, "silent": False, "links": False}
    try:
        return {**nothing, **orjson.loads((paths.alerts / MEMORY).read_bytes())}
    except FileNotFoundError:
        return nothing
    except (orjson.JSONDecodeError, TypeError):
        log.warning("%s cannot be read; what stands is told again", MEMORY)
        return nothing
