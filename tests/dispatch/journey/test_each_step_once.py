"""Whatever is killed, in whatever order data arrives: each step once per person and trigger, and nobody is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from include.core import clock
from include.core.connections import ledger_url
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.dispatch.account import record
from include.dispatch.journey import changes, tick
from include.dispatch.plan import freeze
from include.ledger import journeys, plans
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.ledger.tables import journey_steps
from tests.dispatch.journey.conftest import JourneyShop
from tests.dispatch.scripted_esp import ScriptedEsp

PEOPLE = st.integers(0, 3)
DEATHS = (
    (plans, "freeze_plan"), (freeze, "write_manifest"), (journeys, "enter"), (journeys, "apply"), (journeys, "record_plan"),
    (changes, "saw"), (tick, "freeze_due"), (record, "record_plan"),
)  # fmt: skip
STEPS = st.one_of(
    st.tuples(st.just("basket"), PEOPLE, st.integers(0, 90)),
    st.tuples(st.just("order"), PEOPLE, st.integers(0, 90)),
    st.tuples(st.just("later"), st.just(0), st.sampled_from([-60, 20, 40, 60 * 50])),
    st.tuples(st.just("run"), st.just(0), st.just(0)),
    st.tuples(st.just("die"), st.integers(0, len(DEATHS) - 1), st.booleans()),
)


class KilledError(BaseException):
    """The process ends here."""


@contextmanager
def death(place: int, *, after: bool) -> Iterator[None]:
    """The process dies before or after a call; what its transaction wrote is rolled back, as after a kill."""
    module, name = DEATHS[place]
    whole = getattr(module, name)

    def dying(*args: Any, **kwargs: Any) -> Any:
        if after:
            whole(*args, **kwargs)
        raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, dying)
        yield


def play(shop: JourneyShop, action: str, number: int, value: int) -> None:
    if action == "basket":
        shop.basket(number, at=clock.now() - timedelta(minutes=value))
    elif action == "order":
        shop.order(number, at=clock.now() - timedelta(minutes=value))
    elif action == "later":
        shop.later(minutes=value)
    elif action == "run":
        shop.run()
    else:
        try:
            with death(number, after=bool(value)):
                shop.run()
        except KilledError:
            pass


@settings(max_examples=4, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@example(actions=[("run", 0, 0), ("later", 0, 40), ("die", 0, 0), ("basket", 1, 90), ("die", 4, 1), ("later", 0, -60)])
@example(actions=[("die", 2, 1), ("later", 0, 40), ("die", 0, 1), ("die", 7, 0), ("order", 1, 20)])
@given(actions=st.lists(STEPS, min_size=4, max_size=8))
def test_each_step_happens_once_and_nobody_is_lost(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, int, int]]
) -> None:
    root = tmp_path_factory.mktemp("once")
    esp = ScriptedEsp()
    with pytest.MonkeyPatch.context() as patch:
        shop = JourneyShop(stores_in(root), esp, root, patch)
        for person in range(2):
            shop.basket(person)
        for action in actions:
            play(shop, *action)
            shop.check()
        for _ in range(3):
            shop.later(days=1.4)
            shop.run()
        require_once(shop)
        shop.stores.ledger.close()
    esp.stop()


def stores_in(root: Path) -> Stores:
    paths = DataPaths(root / "data")
    paths.root.mkdir()
    secrets = load_secrets(paths)
    return Stores(paths, open_ledger(ledger_url(paths), secrets), secrets)


def require_once(shop: JourneyShop) -> None:
    """Everybody is out; who went to the end had each mail once, unless it was too late; nobody had one twice."""
    entries = shop.entries()
    assert entries
    assert all(entry.state in ("finished", "goal") for entry in entries), shop.states()
    passed = {
        entry.entry_id: {step.step: step for step in journeys.steps_of(shop.stores.ledger, entry.entry_id)}
        for entry in entries
    }
    for entry in entries:
        steps = passed[entry.entry_id]
        if entry.state == "finished":
            assert {*steps} == {"an_hour", "first", "two_days", "second"}
        for step in steps.values():
            if step.message_key:
                assert shop.esp.taken[step.message_key] == 1
    keys = [step.message_key for steps in passed.values() for step in steps.values() if step.message_key]
    assert len(keys) == len(set(keys)) == shop.esp.taken.total()
    with shop.stores.ledger.read() as connection:
        assert connection.scalar(select(func.count()).select_from(journey_steps)) == sum(map(len, passed.values()))
