"""A shop whose people go through journeys, for a test that decides what happens and when."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.core import clock
from include.core.keys import message_key
from include.core.secrets import Secrets
from include.dispatch.account import record
from include.dispatch.journey import send
from include.dispatch.journey.tick import Tick, tick
from include.ledger import counts, journeys
from include.ledger.database import Ledger, open_ledger
from include.ledger.stores import Stores
from include.ledger.tables import plans as plans_table
from include.warehouse.connection import open_warehouse
from tests.dispatch.populate import populate
from tests.dispatch.scripted_esp import ScriptedEsp

EDGE = "https://mail.tradewind.example"
BEGIN = datetime(2026, 11, 24, 8, tzinfo=UTC)
JOURNEY = """\
id: basket
name: Basket
owner: marketing
purpose: A journey for tests.
trigger: basket_adds
reentry: each_trigger
goal: ordered
mail:
  template: short
  sender: {email: news@shop.example.com, name: Shop}
  postal_address: 1 Harbour Street, 20457 Hamburg, Germany
  frequency_cap_hours: 0
steps:
  - id: an_hour
    wait: {minutes: 30}
  - id: first
    mail: {}
  - id: two_days
    wait: {days: 2}
  - id: second
    mail: {}
"""
TEMPLATE = {
    "subject.txt.j2": "Your basket",
    "preheader.txt.j2": "What is new",
    "body.html.j2": '<html><body><p>{{ postal_address }}</p><a href="{{ unsubscribe_url }}">Leave</a></body></html>',
    "body.txt.j2": "{{ postal_address }}\n{{ unsubscribe_url }}",
}


class JourneyShop:
    """Ten subscribers, 0 to 9; journey files, their queries and a template; a clock that tests set; a scripted SendGrid."""

    def __init__(self, stores: Stores, esp: ScriptedEsp, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Open the shop in `root`, which is new or a copy of another shop's."""
        self.stores, self.esp, self._patch = stores, esp, monkeypatch
        self.journeys, self._templates = root / "journeys", root / "templates"
        monkeypatch.setenv("TRADEWIND_TEMPLATES", str(self._templates))
        monkeypatch.setenv("TRADEWIND_JOURNEYS", str(self.journeys))
        self.set_clock(BEGIN)
        if not self.journeys.exists():
            self._furnish()

    def _furnish(self) -> None:
        for folder in (self.journeys, self._templates / "short"):
            folder.mkdir(parents=True)
        for name, text in TEMPLATE.items():
            (self._templates / "short" / name).write_text(text)
        populate(self.stores.paths, 10)
        self.write("basket", JOURNEY)

    def write(self, name: str, text: str) -> None:
        """Write a journey file."""
        (self.journeys / f"{name}.yaml").write_text(text)

    def set_clock(self, moment: datetime) -> None:
        """The time is `moment` from now on."""
        offset = (moment - datetime.now(UTC)).total_seconds()
        self._patch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(offset))

    def later(self, **by: float) -> None:
        """Time passes."""
        self.set_clock(clock.now() + timedelta(**by))

    def basket(self, person: int, at: datetime | None = None) -> None:
        """The person puts something into the basket."""
        self._insert("core.activities", activity_id=str(uuid.uuid4()), subscriber_id=str(person), name="basket_add",
                     happened_at=at or clock.now())  # fmt: skip

    def order(self, person: int, at: datetime | None = None) -> None:
        """The person buys something."""
        self._insert("core.purchases", purchase_id=str(uuid.uuid4()), subscriber_id=str(person), amount=9, currency="USD",
                     purchased_at=at or clock.now(), landed_run="run")  # fmt: skip

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement in the warehouse."""
        with open_warehouse(self.stores.paths) as warehouse:
            return warehouse.execute(statement).fetchall()

    def tick(self) -> Tick:
        """One tick, without sending."""
        return tick(self.stores, self.esp.account, edge_url=EDGE, now=clock.now())

    def run(self) -> Tick:
        """One run of the DAG: tick, send, settle, record."""
        result = self.tick()
        for part in result["ranges"]:
            send.send_part(self.stores, self.esp.account, part)
        send.settle_plans(self.stores.ledger)
        record.record_sends(self.stores)
        self.check()
        return result

    def check(self) -> None:
        """What holds at every moment: nobody twice at SendGrid, and the people of every plan add up."""
        assert not [key for key, times in self.esp.taken.items() if times > 1]
        with self.stores.ledger.read() as connection:
            for plan_id in connection.scalars(plans_table.select().with_only_columns(plans_table.c.plan_id)):
                counts.require_conservation(connection, plan_id)

    def mailed(self, step: str = "first", journey: str = "basket") -> list[str]:
        """The subscribers to whom SendGrid took mail of the step, sorted; one is named as often as they got it."""
        keys = {
            message_key(f"{journey}__{step}", f"trigger {entry.trigger_key}", entry.subscriber_id): entry.subscriber_id
            for entry in self.entries(journey)
        }
        taken = Counter({keys[key]: 0 for key in keys})
        for key, times in self.esp.taken.items():
            if key in keys:
                taken[keys[key]] += times
        return sorted(taken.elements())

    def entries(self, journey: str = "basket") -> list[journeys.Entry]:
        """All entries of the ten people."""
        return journeys.of_people(self.stores.ledger, journey, [str(number) for number in range(10)])

    def states(self, journey: str = "basket") -> dict[str, str]:
        """Person → the next step, or the state of who is out and why; of the newest entry."""
        found = sorted(self.entries(journey), key=lambda entry: entry.entered_at)
        return {each.subscriber_id: each.step or " ".join(filter(None, (each.state, each.reason))) for each in found}

    def _insert(self, table: str, **row: Any) -> None:
        with open_warehouse(self.stores.paths) as warehouse:
            names, marks = ", ".join(row), ", ".join("?" for _ in row)
            warehouse.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))


@pytest.fixture
def ledger(sqlite_ledger: str, secrets: Secrets) -> Iterator[Ledger]:
    """On SQLite; the tests of test_way.py run on both ledgers."""
    opened = open_ledger(sqlite_ledger, secrets)
    yield opened
    opened.close()


@pytest.fixture
def shop(stores: Stores, esp: ScriptedEsp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JourneyShop:
    return JourneyShop(stores, esp, tmp_path, monkeypatch)


@pytest.fixture(autouse=True)
def warehouses_stay_open(open_warehouses: None) -> None:
    """A tick opens the warehouse several times, and a test has many ticks."""
