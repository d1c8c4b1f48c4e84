"""The mutation score in docs/faults.md: up to date, high enough, and with a reason for each survivor."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from include.core.paths import PROJECT
from tests.mutations import page, score, workspace
from tests.mutations.plugin import killers_first
from tests.mutations.plugin.sampled import is_tried
from tests.mutations.workspace import Mutant

DIFF = """--- include/ledger/chunks.py
+++ include/ledger/chunks.py
@@ -1,4 +1,4 @@
 def _close(connection):
-    if changed.rowcount != 1:
+    if changed.rowcount == 1:
         raise FenceLost(
"""


def mutant(name: str, status: str) -> Mutant:
    return Mutant(f"include.ledger.{name}", "include/ledger/chunks.py", status)


AREA = workspace.Area("ledger", ("include/ledger/*.py",), ("tests/ledger",), every=24, salt="old")
MODULE = "include/ledger/chunks.py"
TWO = [mutant("chunks.x__close__mutmut_1", "survived"), mutant("chunks.x__close__mutmut_2", "killed")]
SURVIVOR = score.Change("ledger.chunks._close", "a", "b")


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The record of a run in which one of two mutants survived, with the reason."""
    monkeypatch.setattr(score, "FILE", tmp_path / "score.yaml")
    written = score.merge(AREA, {MODULE: 50}, {MODULE: 24}, TWO, [SURVIVOR])
    written["survivors"][0]["why"] = "the same"
    score.write(written)
    return written


def test_page_shows_the_score() -> None:
    assert page.section(score.read()) in page.PAGE.read_text()


def test_score_is_at_least_90_percent_and_survivors_have_a_reason() -> None:
    found = score.read()
    assert {folder for folder, share in page.shares(found).items() if share < 90} == set()
    assert [entry for entry in found["survivors"] if not entry["why"]] == []
    assert len(found["survivors"]) == sum(counts["survived"] for counts in found["modules"].values())


def test_only_mutants_that_no_test_can_kill_are_left_out_of_the_usual_score() -> None:
    counts = {"killed": 8, "timeout": 0, "survived": 2, "text": 0, "every": 1, "mutants": 10}
    survivors = [
        {"function": "ledger.chunks.Claim.end", "why": "Equivalent: the default."},
        {"function": "ledger.chunks.close", "why": "A gap."},
    ]
    found = {"modules": {"include/ledger/chunks.py": {**counts, "first": counts}}, "survivors": survivors}

    (module,) = page.without_equivalent(found)

    assert (module["killed"], module["survived"]) == (8, 1)


def test_survivor_is_identified_by_function_and_changed_lines() -> None:
    found = score.change(mutant("chunks.xǁClaimǁlease_left__mutmut_2", "survived"), DIFF)
    assert (found.function, found.was) == ("ledger.chunks.Claim.lease_left", "if changed.rowcount != 1:")
    assert found.becomes == "if changed.rowcount == 1:"
    assert not found.is_text
    assert score.change(mutant("chunks.x__close__mutmut_1", "survived"), DIFF).function == "ledger.chunks._close"


@pytest.mark.parametrize("line", ['remedy="Run it again.",', "where=plan,", 'log.warning("torn")', '"a sentence.",'])
def test_changes_of_message_texts_are_not_survivors(line: str) -> None:
    assert score.Change("f", line, line.upper()).is_text
    assert not score.Change("f", f"{line}\nif lost:", "").is_text


def test_change_of_a_name_is_a_survivor() -> None:
    assert not score.Change("f", '"plan_id",', '"XXplan_idXX",').is_text


def test_merge_replaces_modules_and_keeps_reasons_and_first_counts(recorded: dict[str, Any]) -> None:
    found = [*TWO, mutant("chunks.x__close__mutmut_3", "timeout")]
    again = score.merge(AREA, {MODULE: 60}, {MODULE: 24}, found, [SURVIVOR, score.Change("ledger.chunks.f", "c", "d")])
    assert again["modules"][MODULE] == {
        "every": 24,
        "mutants": 60,
        "killed": 1,
        "timeout": 1,
        "survived": 1,
        "text": 0,
        "first": {"every": 24, "killed": 1, "timeout": 0, "survived": 1, "text": 0},
        "source": score.fingerprint(workspace.place_of(AREA) / MODULE),
    }
    reasons = [(entry["function"], entry["why"]) for entry in again["survivors"]]
    assert reasons == [("ledger.chunks._close", "the same"), ("ledger.chunks.f", "")]
    assert score.merge(AREA, {MODULE: 60}, {MODULE: 24}, TWO[1:], [])["survivors"] == []


def test_other_modules_stay_until_there_is_a_new_sample(recorded: dict[str, Any]) -> None:
    other = {"include/ledger/doubt.py": 9}
    assert score.merge(AREA, other, dict.fromkeys(other, 24), [], [])["survivors"] == recorded["survivors"]
    assert set(score.merge(AREA, other, dict.fromkeys(other, 24), [], [])["modules"]) == {MODULE, *other}
    new = replace(AREA, salt="new")
    drawn = score.merge(new, {MODULE: 50}, {MODULE: 24}, TWO[1:], [])
    assert drawn["modules"][MODULE]["first"]["survived"] == 0
    drawn = score.merge(new, other, dict.fromkeys(other, 24), [], [])
    assert (set(drawn["modules"]), drawn["survivors"]) == (set(other), [])


def test_score_is_of_the_configured_sample() -> None:
    """A new sample in pyproject.toml without a new run is noticed."""
    found = score.read()
    assert found["salt"] == workspace.areas()[0].salt
    for area in workspace.areas():
        rates = [entry["every"] for module, entry in found["modules"].items() if _is_in(area, module)]
        assert rates
        assert [rate for rate in rates if rate % area.every] == [], area.name


def _is_in(area: workspace.Area, module: str) -> bool:
    return any(fnmatch(module, pattern) for pattern in area.modules)


def test_modules_that_changed_since_their_run_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "PROJECT", tmp_path)
    (tmp_path / "a.py").write_text('"""Text."""\n\n\ndef f():\n    """Text."""\n    return 1\n')
    found = {"modules": {"a.py": {"source": score.fingerprint(tmp_path / "a.py")}}}
    (tmp_path / "a.py").write_text("def f():  # as before\n    return 1\n")
    assert score.changed(found) == []
    (tmp_path / "a.py").write_text("def f():\n    return 2\n")
    assert score.changed(found) == ["a.py"]
    assert "`a.py`" in page.changes(score.changed(found))
    (tmp_path / "a.py").unlink()
    assert score.changed(found) == ["a.py"]


def test_interval_is_wilsons() -> None:
    """The values are from Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 and 0 of 20."""
    assert estimate_of((24, 81, 182)) == pytest.approx((30.80, 25.53, 36.62), abs=0.01)
    assert estimate_of((24, 0, 20)) == pytest.approx((0, 0, 16.11), abs=0.01)
    assert estimate_of((24, 40, 91), (24, 41, 91)) == estimate_of((24, 81, 182))


def test_estimate_weighs_each_mutant_by_its_rate() -> None:
    share, low, high = estimate_of((10, 50, 50), (30, 50, 0))
    assert share == pytest.approx(100 * (500 + 1500) / (1000 + 1500))
    assert high - low > 2 * 1.96 * 100 * (0.8 * 0.2 / 150) ** 0.5, "less is known than from an equal sample"


def estimate_of(*modules: tuple[int, int, int]) -> tuple[float, float, float]:
    counts = [(every, {"killed": killed, "timeout": 0, "survived": survived}) for every, killed, survived in modules]
    return page.estimate([{"every": every, **of_module} for every, of_module in counts])


def test_ended_run_is_recorded_at_the_densest_complete_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "WORKSPACES", tmp_path)
    folder = tmp_path / "ledger" / "mutants" / "include" / "ledger"
    folder.mkdir(parents=True)
    names = [f"m{number}" for number in range(400)]
    tried = {"a": 1, "b": 2, "c": 16}
    for module, every in tried.items():
        codes = {name: 1 if is_tried(name, every, AREA.salt) else None for name in names}
        (folder / f"{module}.py.meta").write_text(json.dumps({"exit_code_by_key": codes}))
    area = replace(AREA, every=1)
    assert workspace.rates(area) == {"include/ledger/a.py": 1, "include/ledger/b.py": 2}
    assert set(workspace.population(area).values()) == {400}
    found = Counter(mutant.module for mutant in workspace.mutants(area))
    assert found["include/ledger/a.py"] == 400
    assert found["include/ledger/b.py"] == len([name for name in names if is_tried(name, 2, AREA.salt)])


def test_section_of_the_page_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "faults.md"
    path.write_text("# Faults\n\nA table.\n")
    for text in (f"{page.TITLE}\n\nold", f"{page.TITLE}\n\nnew"):
        page.put(path, text)
    assert path.read_text() == f"# Faults\n\nA table.\n\n{page.TITLE}\n\nnew\n"


def test_modules_and_tests_of_every_area_exist() -> None:
    for area in workspace.areas():
        named = [PROJECT / name for name in (*area.modules, *area.tests) if "*" not in name]
        assert [path for path in named if not path.exists()] == []


def test_sample_is_deterministic_and_has_the_requested_size() -> None:
    names = [f"include.ledger.chunks.x__close__mutmut_{number}" for number in range(3000)]
    third, sixth = ({name for name in names if is_tried(name, every, "a")} for every in (3, 6))
    assert sixth < third
    assert len(third) == pytest.approx(1000, rel=0.1)
    assert all(is_tried(name, 1, "a") for name in names)
    other = {name for name in names if is_tried(name, 3, "b")}
    assert len(third & other) == pytest.approx(333, rel=0.2)  # independent


def test_killers_of_the_function_run_first_then_fast_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUTANT_UNDER_TEST", "include.a.x_f__mutmut_3")
    Path("mutmut-stats.json").write_text('{"duration_by_test": {"slow": 9.0, "quick": 0.1, "killer": 5.0}}')
    items = [SimpleNamespace(nodeid=name) for name in ("slow", "killer", "quick")]
    killers_first.pytest_runtest_logreport(SimpleNamespace(failed=True, nodeid="killer"))  # type: ignore[arg-type]
    killers_first.pytest_collection_modifyitems(items)  # type: ignore[arg-type]
    assert [item.nodeid for item in items] == ["killer", "quick", "slow"]
    monkeypatch.setenv("MUTANT_UNDER_TEST", "include.a.x_g__mutmut_3")
    killers_first.pytest_collection_modifyitems(items)  # type: ignore[arg-type]
    assert [item.nodeid for item in items] == ["quick", "killer", "slow"]
    monkeypatch.setenv("MUTANT_UNDER_TEST", "include.a.chunks.xǁClaimǁleft__mutmut_3")
    named = [SimpleNamespace(nodeid=name) for name in ("tests/test_a.py::quick", "tests/test_chunks.py::slow")]
    killers_first.pytest_collection_modifyitems(named)  # type: ignore[arg-type]
    assert [item.nodeid for item in named] == ["tests/test_chunks.py::slow", "tests/test_a.py::quick"]
    for seconds, run in (("6.5", ["quick", "killer"]), ("0.01", ["quick"])):
        monkeypatch.setenv("MUTANT_SECONDS", seconds)
        killers_first.pytest_collection_modifyitems(items)  # type: ignore[arg-type]
        assert [item.nodeid for item in items] == run
