"""Checks after each collection: rates, the circuit breaker, doubt, a silent webhook, damaged links and waiting activities.

Each problem raises one alert when it appears, not one at every check.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict

import orjson

from include.collect import alerts, breaker, spool
from include.collect.alerts import Origin, hold_name
from include.core import clock
from include.core.alert import NOWHERE, Alert, Route, deliver, resolve
from include.core.durable import write_durably
from include.core.paths import DataPaths
from include.ledger import doubt, holds, plans
from include.ledger.database import Ledger
from include.ledger.holds import Hold
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

EVENT_DELAY = timedelta(minutes=15)
"""Doubt younger than this raises no alert: the events that resolve it can still arrive."""
MAX_SILENCE = timedelta(minutes=30)
"""SendGrid reports a message as processed within seconds; half an hour without an event means that a link is broken."""
WINDOW = timedelta(hours=24)
MANY_DAMAGED_LINKS = 10
"""Different links in a row that did not verify: possibly nobody can unsubscribe."""
MAX_WAIT = timedelta(minutes=15)
"""Posted activities are loaded every minute, unless another task occupies the warehouse."""
STATE_FILE = "known"


class State(TypedDict):
    """The problems that a check found: names of warnings and holds, people in doubt by plan, and three conditions."""

    warnings: list[str]
    holds: list[str]
    doubt: dict[str, int]
    silent: bool
    links: bool
    waiting: bool


def check(stores: Stores, *, route: Route = NOWHERE, dag: str = "", run: str = "") -> dict[str, int]:
    """Run the circuit breaker, compare with the last check, and deliver an alert for each new problem.

    Open alerts of problems that are over are resolved. The state is written after the alerts are delivered: a crash in
    between repeats alerts and loses none. Returns the
    number of current warnings, new holds, people in doubt and delivered alerts.
    """
    warnings, held = breaker.check_rates(stores)
    before, origin = _last_state(stores.paths), Origin(dag, run)
    current = [hold for hold in holds.all_holds(stores.ledger) if hold.released_at is None]
    doubtful = doubt.unresolved_doubt(stores.ledger, (clock.now() - EVENT_DELAY).timestamp())
    silent, damaged = silent_since(stores), damaged_in_a_row(stores.paths)
    waiting = activities_wait_since(stores.paths)
    now = State(
        warnings=sorted(finding.name for finding in warnings),
        holds=sorted(hold_name(hold) for hold in current),
        doubt={row.plan_id: row.people for row in doubtful},
        silent=silent is not None,
        links=damaged >= MANY_DAMAGED_LINKS,
        waiting=waiting is not None,
    )
    raised = [
        *(alerts.rate_warning(finding, origin) for finding in warnings if finding.name not in before["warnings"]),
        *_new_holds(stores.ledger, current, before, origin),
        *_growing_doubt(doubtful, before, origin),
        *([alerts.webhook_silent(silent, origin)] if silent and not before["silent"] else []),
        *([alerts.damaged_links(damaged, origin)] if now["links"] and not before["links"] else []),
        *([alerts.activities_waiting(waiting, origin)] if waiting and not before["waiting"] else []),
    ]
    for alert in raised:
        deliver(stores.paths, alert, route)
    resolve(stores.paths, lambda known: known["task"] == alerts.TASK and not _holds(known, now), lambda: route)
    write_durably(stores.paths.alerts / STATE_FILE, orjson.dumps(now, option=orjson.OPT_INDENT_2))
    return {"warnings": len(warnings), "held": held, "in_doubt": sum(now["doubt"].values()), "alerts": len(raised)}


def silent_since(stores: Stores) -> datetime | None:
    """When mail was last sent, if no event has arrived since; None if the webhook works or no mail was sent."""
    now = clock.now()
    due = doubt.newest_due_request(stores.ledger, (now - WINDOW).timestamp(), (now - MAX_SILENCE).timestamp())
    if due is None:
        return None
    with open_warehouse(stores.paths) as warehouse:
        received = fetch(warehouse, "collect", "last_webhook_batch", {"since": due})["last_received_at"][0].as_py()
    return None if received else datetime.fromtimestamp(due, now.tzinfo)


def activities_wait_since(paths: DataPaths) -> datetime | None:
    """Since when posted activities have been waiting, if that is longer than `MAX_WAIT`; else None."""
    since = spool.activities_waiting_since(paths)
    return since if since and clock.now() - since > MAX_WAIT else None


def damaged_in_a_row(paths: DataPaths) -> int:
    """The number of different links that failed since one last verified, as the edge recorded it; 0 without a record."""
    try:
        return int(orjson.loads((paths.spool / "links.json").read_bytes())["damaged_in_a_row"])
    except FileNotFoundError:
        return 0
    except (ValueError, KeyError, TypeError):
        log.warning("spool/links.json cannot be read; the edge replaces it")
        return 0


def _new_holds(ledger: Ledger, current: list[Hold], before: State, origin: Origin) -> Iterator[Alert]:
    for hold in current:
        if hold_name(hold) not in before["holds"]:
            plan = plans.find_plan(ledger, hold.plan_id)
            campaign = f"{plan.campaign} {plan.occurrence}" if plan else f"plan {hold.plan_id}"
            yield alerts.breaker_open(hold, campaign, origin)


def _growing_doubt(doubtful: list[doubt.UnresolvedDoubt], before: State, origin: Origin) -> Iterator[Alert]:
    for row in doubtful:
        known = before["doubt"].get(row.plan_id, 0)
        if row.people > known:
            yield alerts.growing_doubt(row, known, origin)


def _holds(alert: Mapping[str, Any], now: State) -> bool:
    """Whether the cause of an open alert of this check still holds."""
    match alert["kind"]:
        case "rate-warning":
            return alert["about"] in now["warnings"]
        case "breaker-open":
            return alert["about"] in now["holds"]
        case "growing-doubt":
            return alert["about"].partition(" ")[0] in now["doubt"]
        case "webhook-silent":
            return now["silent"]
        case "damaged-links":
            return now["links"]
    return now["waiting"]


def _last_state(paths: DataPaths) -> State:
    """The state of the last check; empty where its file is missing or damaged, so that every alert is repeated."""
    state = State(warnings=[], holds=[], doubt={}, silent=False, links=False, waiting=False)
    try:
        return {**state, **orjson.loads((paths.alerts / STATE_FILE).read_bytes())}
    except FileNotFoundError:
        return state
    except (orjson.JSONDecodeError, TypeError):
        log.warning("alerts/%s cannot be read; the alerts of current problems are repeated", STATE_FILE)
        return state
