"""The edge's append-only opt-out log: complete lines count, and the latest line of an address is in force."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from include.core.paths import DataPaths
from include.ledger import opt_out_log
from include.ledger.suppressions import Suppression


def opt_out(address: str) -> Suppression:
    return Suppression(address, "unsubscribe", "one_click", 1.5, "key")


def test_standing_opt_outs_exclude_lifted_ones(paths: DataPaths) -> None:
    assert opt_out_log.in_force(paths) == []
    for address, came_back in (("a", True), ("b", False), ("c", True), ("c", False)):
        opt_out_log.append(paths, "suppress", opt_out(address))
        if came_back:
            opt_out_log.append(paths, "lift", opt_out(address))
    assert opt_out_log.in_force(paths) == [opt_out("b"), opt_out("c")]
    assert opt_out_log.lifted(paths) == [opt_out("a")]


def test_torn_line_is_logged_and_skipped(paths: DataPaths, caplog: pytest.LogCaptureFixture) -> None:
    opt_out_log.append(paths, "suppress", opt_out("a"))
    with (paths.spool / opt_out_log.NAME).open("ab") as log:
        log.write(b'\n{"action": "supp')
    opt_out_log.append(paths, "suppress", opt_out("b"))
    assert opt_out_log.in_force(paths) == [opt_out("a"), opt_out("b")]
    assert "incomplete line" in caplog.text


def test_failed_write_is_logged_without_an_error(paths: DataPaths, caplog: pytest.LogCaptureFixture) -> None:
    paths.spool.write_text("a file where a folder should be")
    with caplog.at_level(logging.ERROR):
        opt_out_log.append(paths, "suppress", opt_out("a"))
    assert "could not be appended" in caplog.text


def test_opt_out_log_is_not_world_readable(tmp_path: Path) -> None:
    opt_out_log.append(DataPaths(tmp_path / "not" / "there" / "yet"), "suppress", opt_out("a"))
    noted = tmp_path / "not" / "there" / "yet" / "spool" / opt_out_log.NAME
    assert (noted.stat().st_mode & 0o777) | 0o640 == 0o640
