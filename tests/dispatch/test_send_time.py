"""A send time per person: who has an hour of their own gets the mail then, beside a control group."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from include.analyze.ledger_facts import designs
from include.core import clock
from include.core.campaign import Campaign
from include.core.send_time import OWN_TIME, USUAL_TIME
from include.dispatch.plan import freeze, own_hours
from include.dispatch.preview.audience_report import live_now
from include.dispatch.send import sender
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from tests.campaign import a_campaign
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.test_plan import EDGE, open_shop

PEOPLE = 200
READ = """
insert into engagement.events by name
select
    concat('event', person.subscriber_id, '-', day) as dedup_key, concat('message', day) as message_key,
    person.subscriber_id, 'letter' as campaign, 'once' as occurrence, 'opened' as event, 'human' as verdict,
    date_trunc('day', $now::timestamptz) - to_days(day::integer) + to_hours($hour + (person.subscriber_id::integer % 2) * 6)
        as occurred_at,
    occurred_at as received_at, 'file' as spool_file
from core.subscribers as person
cross join range(1, 6) as days (day)
where person.tracking_consent
"""
"""Five opens of each person in as many days: even ids at one hour of the day (UTC), odd ids six hours later."""


def per_person(**changed: Any) -> Campaign:
    return a_campaign(segment="newsletter_readers", send_time={"by": "per_person", "control_percent": 30}, **changed)


def test_people_get_the_mail_at_their_own_hour_and_the_control_group_at_once(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, esp: ScriptedEsp
) -> None:
    monkeypatch.setattr(own_hours, "LEAST_PEOPLE", 100)
    shop = open_shop(stores, tmp_path, monkeypatch, people=PEOPLE)
    now = clock.now()
    first = (now.hour + 3) % 24
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute("update core.subscribers set timezone = 'UTC'")
        assert live_now(warehouse, stores.ledger, per_person(), {}, now).notes[0].startswith("Nobody has an hour")
        warehouse.execute(READ, {"now": now, "hour": first})
        notes = live_now(warehouse, stores.ledger, per_person(), {}, now).notes
    frozen = freeze.freeze(stores, per_person(), occurrence="once", edge_url=EDGE, at=now)
    planned = shop.rows("select variant, count(*) from dispatch.sends where state = 'pending' group by all")
    people = dict(planned)
    assert (
        notes[0]
        == f"{people[OWN_TIME]} people get it at their own hour, within a day; {people[USUAL_TIME]} are the control group."
    )
    assert 0.15 < people[USUAL_TIME] / PEOPLE < 0.45
    for part in sender.ranges(stores.ledger, frozen["plan_id"]):
        sender.send_range(stores, esp.account, **part)
    due: dict[Any, int] = {}
    for body in esp.bodies:
        due[body.get("send_at")] = due.get(body.get("send_at"), 0) + len(body["personalizations"])
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [midnight + timedelta(hours=hour % 24) for hour in (first, first + 6)]
    expected = {int((hour if hour > now else hour + timedelta(days=1)).timestamp()) for hour in hours}
    assert set(due) == {None, *expected}
    assert due[None] == people[USUAL_TIME]
    assert all(due[hour] > PEOPLE / 8 for hour in expected)
    design = designs(stores.ledger)["spring", "once"]
    assert design.baseline == USUAL_TIME
    assert design.weights == ((USUAL_TIME, 30), (OWN_TIME, 70))


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"variants": [{"id": "a"}, {"id": "b"}]}, "without other variants"),
        ({"winner": {"metric": "purchase"}}, "its control group stays"),
        ({"kind": "confirmation", "occurrence": "signup"}, "people wait for this"),
        ({"send_time": {"control_percent": 0}}, "greater than or equal to 5"),
        ({"send_time": "whenever"}, "per_person"),
    ],
)
def test_a_send_time_that_could_not_be_measured_is_refused(changed: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        a_campaign(**({"send_time": "per_person"} | changed))


def test_the_arms_are_the_same_when_settings_are_read_again() -> None:
    campaign = a_campaign(send_time="per_person")
    assert [(each.id, each.weight) for each in campaign.variants] == [(USUAL_TIME, 20), (OWN_TIME, 80)]
    assert Campaign.model_validate_json(campaign.model_dump_json()) == campaign
