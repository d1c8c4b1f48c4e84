"""The benchmark of a shop's footprint plans, sends and answers everybody whom it invents."""

from __future__ import annotations

from itertools import takewhile

import pytest

from benchmarks import footprint, footprint_steps
from benchmarks.sink import running_sink
from include.core.paths import DataPaths
from tests.validate.conftest import query

PEOPLE, EVENTS_A_MESSAGE = 400, 2.5


def test_everybody_is_mailed_and_answers(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_TEMPLATES", str(paths.root / "templates"))
    sizes, figures = {}, {}
    with running_sink() as port:
        for name, day in takewhile(lambda step: step != ("analyze", 1), footprint._steps(paths, PEOPLE)):
            figures[name] = footprint_steps.step(name, day, port)
            sizes[name] = footprint._sizes(paths)
    ((mailed,),) = query(paths, "select count(*) from dispatch.sends where state = 'accepted'")
    assert mailed == figures["plan"]["count"] > PEOPLE / 3
    ((events, people),) = query(paths, "select count(*), count(distinct message_key) from engagement.events")
    assert people == mailed
    assert events == figures["collect"]["count"]
    assert events == pytest.approx(EVENTS_A_MESSAGE * mailed, rel=0.1)
    assert sizes["receive"]["spool"] > sizes["send"]["spool"]
    assert sizes["send"]["plans"] > sizes["segments"]["plans"]
    assert sizes["subscribers"]["warehouse"] > sizes["land_purchases"]["warehouse"]
