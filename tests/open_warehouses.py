"""Warehouses that a test has opened stay open until its end: opening one takes longer than most statements."""

from __future__ import annotations

from pathlib import Path

import duckdb

from include.core.paths import DataPaths
from tests.current_stores import Connect


class OpenWarehouses:
    """DuckDB connects to a file that is open in this process without reading it, and writes it when the last one closes.

    Each call still gets a connection of its own, with its own session and temporary tables, and sees what was committed.
    Until `close`, no other process can open the file, and its bytes are not the newest. Only warehouses below `root` are
    kept: what several tests copy is elsewhere, and complete.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._kept: dict[Path, tuple[int, duckdb.DuckDBPyConnection]] = {}

    def connecting(self, connect: Connect) -> Connect:
        """`connect`, which keeps what it opens open."""

        def connect_and_keep(paths: DataPaths, wait_seconds: float) -> duckdb.DuckDBPyConnection:
            self._close_changed(paths.warehouse)
            if paths.warehouse not in self._kept and paths.warehouse.is_relative_to(self._root):
                kept = connect(paths, wait_seconds)  # Not a cursor of the caller's connection, which closes its cursors.
                self._kept[paths.warehouse] = paths.warehouse.stat().st_ino, kept
            return connect(paths, wait_seconds)

        return connect_and_keep

    def close(self) -> None:
        for _, each in self._kept.values():
            each.close()
        self._kept.clear()

    def _close_changed(self, file: Path) -> None:
        """Close a file that is not there any more, and one in whose instance something is not as after opening it."""
        if file not in self._kept:
            return
        inode, kept = self._kept[file]
        is_there = file.exists() and file.stat().st_ino == inode
        if not is_there or _is_locked(kept) or _has_functions(kept):
            self._kept.pop(file)[1].close()


def _is_locked(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether settings were locked for a marketer's statement (`include.warehouse.untrusted`)."""
    return bool(connection.execute("select current_setting('lock_configuration')").fetchall()[0][0])


def _has_functions(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether validate registered its functions, which it can do once."""
    try:
        connection.execute("select mailable_unicode_address('')")
    except duckdb.CatalogException:
        return False
    return True
