"""Whatever is killed, in whatever order data arrives: each step once per person and trigger, and nobody is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
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

TO_THE_END = (("later", 0, 60 * 34), ("run", 0, 0), ("later", 0, 60 * 49), ("run", 0, 0))
"""The first mail of everybody who is inside, and the second two days later."""
LOOKS_BACK = timedelta(hours=48)
"""enter_within_hours of a journey that does not name it."""


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


class History:
    """What happened in the shop, and for which baskets somebody has to be inside.

    `due` are the baskets (person and trigger key) that a whole run saw in time, `seen` also those that a killed run saw.
    """

    def __init__(self, shop: JourneyShop) -> None:
        self._shop = shop
        self._baskets: list[tuple[int, datetime]] = []
        self.due: set[tuple[str, str]] = set()
        self.seen: set[tuple[str, str]] = set()

    def play(self, action: str, number: int, value: int) -> None:
        """Do one thing."""
        at = clock.now() - timedelta(minutes=value)
        if action == "basket":
            self._shop.basket(number, at=at)
            self._baskets.append((number, at))
        elif action == "order":
            self._shop.order(number, at=at)
        elif action == "later":
            self._shop.later(minutes=value)
        elif action == "run":
            self._run(nullcontext())
        else:
            self._run(death(number, after=bool(value)))
        self._shop.check()

    def _run(self, fate: AbstractContextManager[None]) -> None:
        opens = clock.now() - LOOKS_BACK
        in_time = {(str(person), f"basket {at:%Y-%m-%d}") for person, at in self._baskets if opens < at <= clock.now()}
        self.seen |= in_time
        try:
            with fate:
                self._shop.run()
        except KilledError:
            return
        self.due |= in_time


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop in which nothing happened yet; copied, because setting one up takes as long as three runs."""
    root, esp = tmp_path_factory.mktemp("furnished"), ScriptedEsp()
    with pytest.MonkeyPatch.context() as patch:
        JourneyShop(stores_in(root), esp, root, patch).stores.ledger.close()
    esp.stop()
    return root


@settings(max_examples=3, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@example(actions=[("run", 0, 0), ("later", 0, 40), ("die", 0, 0), ("basket", 1, 90), ("die", 4, 1), ("later", 0, -60)])
@example(actions=[("die", 2, 1), ("later", 0, 40), ("die", 0, 1), ("die", 7, 0), ("order", 1, 20)])
@example(actions=[("later", 0, 3000), ("run", 0, 0)])
@given(actions=st.lists(STEPS, min_size=4, max_size=8))
def test_each_step_happens_once_and_nobody_is_lost(
    tmp_path_factory: pytest.TempPathFactory, furnished: Path, actions: list[tuple[str, int, int]]
) -> None:
    root = tmp_path_factory.mktemp("once") / "shop"
    shutil.copytree(furnished, root)
    esp = ScriptedEsp()
    with pytest.MonkeyPatch.context() as patch:
        shop = JourneyShop(stores_in(root), esp, root, patch)
        history = History(shop)
        for action in [("basket", 0, 0), ("basket", 1, 0), *actions, *TO_THE_END]:
            history.play(*action)
        require_once(shop, history)
        shop.stores.ledger.close()
    esp.stop()


def stores_in(root: Path) -> Stores:
    paths = DataPaths(root / "data")
    paths.root.mkdir(exist_ok=True)
    secrets = load_secrets(paths)
    return Stores(paths, open_ledger(ledger_url(paths), secrets), secrets)


def require_once(shop: JourneyShop, history: History) -> None:
    """Who had a basket in time entered and is out; who went to the end had each mail once; nobody had one twice."""
    entries = shop.entries()
    entered = [(entry.subscriber_id, entry.trigger_key) for entry in entries]
    assert len(entered) == len(set(entered))
    assert history.due <= set(entered) <= history.seen
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
