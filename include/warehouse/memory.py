"""How much memory, how many threads and how much disk DuckDB may take, and what is said when that was too little.

What does not fit into the memory goes to the disk, so that the limit decides how fast a statement is and seldom whether it
ends. `TRADEWIND_WAREHOUSE_MEMORY` (as in 2GB) sets it; without, it is a quarter of what this machine or its cgroup has, at
least 512 MB and at most 1,200 MB, since Airflow and the edge live on the same machine.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from include.core.errors import WarehouseOutOfMemory
from include.core.settings import settings, variable

SETTING = variable("warehouse_memory")
SHARE, LEAST, MOST = 0.25, 512_000_000, 1_200_000_000
PER_THREAD = 250_000_000
"""Each thread holds buffers of its own: with less for each, more threads run out of memory sooner."""
SPILL_SHARE = 0.8
"""Of the disk that is free; the rest is left to those who write beside the warehouse."""
_CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def limit() -> int:
    """The memory limit in bytes. Raises `ConfigurationError` if the setting is not a size."""
    return settings().warehouse_memory or int(min(MOST, max(LEAST, SHARE * _machine())))


def apply(connection: duckdb.DuckDBPyConnection, spill: Path | None) -> None:
    """Set the limits; what does not fit is written to `spill`, a folder (None: DuckDB's own choice)."""
    allowed = limit()
    connection.execute(f"set memory_limit = '{allowed}B'")
    threads = connection.execute("select current_setting('threads')").fetchall()[0][0]
    connection.execute(f"set threads = {max(1, min(threads, allowed // PER_THREAD))}")
    if spill:
        literal = str(spill).replace("'", "''")
        connection.execute(f"set temp_directory = '{literal}'")
        connection.execute(f"set max_temp_directory_size = '{int(shutil.disk_usage(spill.parent).free * SPILL_SHARE)}B'")


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn DuckDB's out-of-memory error into `WarehouseOutOfMemory`, which says what to set."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise _explanation(where, disk="max_temp_directory_size" in str(error)) from None


def _explanation(where: str, *, disk: bool) -> WarehouseOutOfMemory:
    if disk:
        remedy = "Free some disk space there, then clear the task."
        return WarehouseOutOfMemory(
            "the disk of the data folder has no room for what does not fit into memory.", where=where, remedy=remedy
        )
    return WarehouseOutOfMemory(
        f"DuckDB's {limit() / 1e6:,.0f} MB of memory were not enough.",
        where=where,
        remedy=f"Set {SETTING} in the environment to more, as in {max(2, round(2 * limit() / 1e9))}GB, then clear the task.",
    )


def _machine() -> int:
    """Bytes of memory that this process may hope for."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _CGROUPS:
        if path.is_file() and (text := path.read_text().strip()).isdecimal():
            found.append(int(text))
    return min(found)
