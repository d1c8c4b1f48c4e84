"""What the recipient of a message, and the machines on the way, did with it up to now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from simulator import clock
from simulator.api.acceptance import send_time
from simulator.inbox.message import Message
from simulator.recipients.link_visits import LINK_VISIT_KINDS
from simulator.recipients.runs import Conditions, Run
from simulator.state import Simulator
from simulator.webhook.events import event_of

RUNS = (
    "select runs.*, requests.x_message_id, requests.body, requests.first_seq "
    "from runs join requests on requests.id = runs.request where runs.request = ? and send_at = ? and conditions is not null"
)
VISITS = "select how, useragent, status, done_at from link_visits where seq = ? order by id"
DETAILS = ("reason", "response", "status", "bounce_classification", "url", "useragent", "sg_machine_open", "attempt")
VISIT_NAMES = {"one_click": "one-click unsubscribe", "body_unsubscribe": "unsubscribe page", "scan": "link scanned"}


class Action(NamedTuple):
    """Something that happened to a message. `what` is the name of its event or of its link visit."""

    at: float
    what: str
    details: dict[str, Any]


async def actions(simulator: Simulator, message: Message) -> list[Action]:
    """What happened up to now, oldest first: the events that were emitted, and the visits of unsubscribe links."""
    found = [Action(message.row["accepted_at"], "accepted", {})]
    at = send_time(message.mail, message.person)
    for loaded in await simulator.database.read(RUNS, message.row["request"], at):
        run = Run(loaded, Conditions.from_json(loaded["conditions"]), simulator.settings.seed, loaded["activated_at"])
        found += _emitted(run, message)
    for visit in await simulator.database.read(VISITS, message.seq):
        details = {"response": visit["status"] or "none yet", "useragent": visit["useragent"]}
        found.append(Action(visit["done_at"] or clock.now(), VISIT_NAMES[visit["how"]], details))
    return sorted(found, key=lambda action: action.at)


def _emitted(run: Run, message: Message) -> Iterator[Action]:
    """The events of a message that its run has emitted. After a restart they are shown no later than they were."""
    last = message.row["last_event_at"] or float("inf")
    for index in range(run.emitted):
        _, position, number, entry = run.timeline[index]
        if position != message.row["position"] or entry.kind in LINK_VISIT_KINDS:
            continue
        at = min(run.at(index), last + 0.999)
        if event := event_of(run.message(position), entry, number, int(at)):
            yield Action(at, event["event"], {name: event[name] for name in DETAILS if event.get(name)})
