"""The mutation score in docs/faults.md: up to date, high enough, and with a reason for each survivor."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

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


def test_page_shows_the_score() -> None:
    assert page.section(score.read()) in page.PAGE.read_text()


def test_score_is_at_least_90_percent_and_survivors_have_a_reason() -> None:
    found = score.read()
    assert {area for area, counts in page.by_area(found).items() if page.share(counts) < 90} == set()
    assert [entry for entry in found["survivors"] if not entry["why"]] == []
    assert len(found["survivors"]) == sum(counts["survived"] for counts in found["modules"].values())


def test_survivor_is_identified_by_function_and_changed_lines() -> None:
    found = score.survivor(mutant("chunks.xǁClaimǁlease_left__mutmut_2", "survived"), DIFF)
    assert (found.function, found.was) == ("ledger.chunks.Claim.lease_left", "if changed.rowcount != 1:")
    assert found.becomes == "if changed.rowcount == 1:"
    assert not found.is_text
    assert score.survivor(mutant("chunks.x__close__mutmut_1", "survived"), DIFF).function == "ledger.chunks._close"


@pytest.mark.parametrize("line", ['remedy="Run it again.",', "where=plan,", 'log.warning("torn")', '"a sentence.",'])
def test_changes_of_message_texts_are_not_survivors(line: str) -> None:
    assert score.Survivor("f", line, line.upper()).is_text
    assert not score.Survivor("f", f"{line}\nif lost:", "").is_text


def test_merge_replaces_modules_and_keeps_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "FILE", tmp_path / "score.yaml")
    survivor = score.Survivor("ledger.chunks._close", "a", "b")
    found = [mutant("chunks.x__close__mutmut_1", "survived"), mutant("chunks.x__close__mutmut_2", "killed")]
    written = score.merge(found, [survivor])
    written["survivors"][0]["why"] = "the same"
    written["modules"]["include/ledger/gone.py"] = dict.fromkeys(score.STATUSES, 0)
    score.write(written)
    again = score.merge(
        [*found, mutant("chunks.x__close__mutmut_3", "timeout")], [survivor, score.Survivor("ledger.chunks.f", "c", "d")]
    )
    assert again["modules"]["include/ledger/chunks.py"] == {
        "every": 1,
        "killed": 1,
        "timeout": 1,
        "survived": 1,
        "text": 0,
    }
    assert [(entry["function"], entry["why"]) for entry in again["survivors"]] == [
        ("ledger.chunks._close", "the same"),
        ("ledger.chunks.f", ""),
    ]
    score.write(score.merge(found[1:], []))
    assert score.read()["survivors"] == []


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
    third, sixth = ({name for name in names if is_tried(name, every)} for every in (3, 6))
    assert sixth < third
    assert len(third) == pytest.approx(1000, rel=0.1)
    assert all(is_tried(name, 1) for name in names)


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
