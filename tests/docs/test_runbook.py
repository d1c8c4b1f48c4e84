"""The runbook's commands parse, its queries run, and all pages have the same four sections."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.analyze.marts import build_marts
from include.core.paths import PROJECT
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from operations.__main__ import _parser
from tests.docs.headings import headings

INDEX = PROJECT / "docs" / "runbook.md"
PAGES = sorted((PROJECT / "docs" / "runbook").glob("*.md"))
PARTS = {"what-you-see", "what-is-safe", "what-to-do", "how-to-check-it-worked"}
PROGRAMS = {
    "make", "curl", "sqlite3", "cp", "rm", "cat", "sha256sum", "fuser", "tail", "ls", "df", "du", "find", "export",
    "journalctl",
}  # fmt: skip


def blocks(page: Path, language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [text for _, text in found]


def commands() -> list[list[str]]:
    lines = [line for page in (INDEX, *PAGES) for block in blocks(page, "bash") for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.strip()]


def test_every_page_has_the_four_sections() -> None:
    assert len(PAGES) >= 13
    for page in PAGES:
        assert headings(page) >= PARTS, page.name
        assert f"](runbook/{page.name})" in INDEX.read_text(), f"{page.name} is not in the index"


def test_links_to_headings_resolve() -> None:
    for page in (INDEX, *PAGES):
        for target, heading in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", page.read_text()):
            there = (page.parent / target) if target else page
            assert heading in headings(there), f"{page.name}: {target}#{heading}"


@pytest.mark.parametrize("page", [INDEX, *PAGES], ids=lambda page: page.name)
def test_commands_are_valid_shell_with_known_programs(page: Path) -> None:
    for block in blocks(page, "bash"):
        done = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        for line in filter(str.strip, block.splitlines()):
            assert shlex.split(line)[0] in PROGRAMS, line


def test_make_commands_have_targets_and_arguments_that_parse() -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    used = [words[1:] for words in commands() if words[0] == "make"]
    assert {words[0] for words in used} >= {"campaign", "trigger", "replay", "up", "stop"}
    for target, *rest in used:
        assert target in targets
        values = dict(word.split("=", 1) for word in rest)
        if target == "campaign":
            _parser().parse_args(["campaign", values["DO"], values["CAMPAIGN"], values["OCCURRENCE"]])


def test_triggered_dags_accept_the_parameters(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ.setdefault("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
    from operations.generate_docs import load_dags

    dags = {dag.dag_id: dag for dag in load_dags()}
    triggered = [dict(word.split("=", 1) for word in words[2:]) for words in commands() if words[:2] == ["make", "trigger"]]
    assert triggered
    for values in triggered:
        params = dags[values["DAG"]].params
        for name, value in json.loads(values.get("CONF", "{}")).items():
            assert params.get_param(name).resolve(value) == value


def test_queries_run_on_the_published_tables(stores: Stores) -> None:
    build_marts(stores, as_of=datetime(2026, 11, 24, 2, tzinfo=UTC))
    queries = [query for page in PAGES for query in blocks(page, "sql")]
    assert len(queries) >= 4
    with open_warehouse(stores.paths) as warehouse:
        for query in queries:
            assert warehouse.execute(query).description


def test_the_shown_status_matches_the_output_of_the_command() -> None:
    from operations.campaign import FIGURES, NEXT_STEP

    shown, *_ = blocks(PROJECT / "docs" / "runbook" / "pause-resume-cancel.md", "text")
    first, *figures, last = shown.splitlines()
    assert re.fullmatch(r"[a-z_]+ \S+: (\w+) \(.+\)", first)
    assert [line[2:14].strip().replace(" ", "_") for line in figures] == list(FIGURES)
    assert last.strip() == NEXT_STEP["paused"]
    counts = [int(line[14:].replace(",", "")) for line in figures]
    assert counts[0] == sum(counts[1:])
