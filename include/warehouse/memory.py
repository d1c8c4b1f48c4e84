"""DuckDB's limits on memory, threads and disk, and the error that explains which limit was too low.

DuckDB spills to disk what exceeds the memory limit, so the limit affects speed and rarely success. It is set by
`TRADEWIND_WAREHOUSE_MEMORY` (as in 2GB). The default is a quarter of the memory of the machine or its cgroup, at least
512 MB and at most 1,200 MB, since Airflow and the edge run on the same machine.
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
MEMORY_SHARE, MIN_BYTES, MAX_BYTES = 0.25, 512_000_000, 1_200_000_000
BYTES_PER_THREAD = 250_000_000
"""Each thread allocates its own buffers: with less memory per thread, statements run out of memory sooner."""
SPILL_SHARE = 0.8
"""Share of the free disk space for spilled files; the rest is for the other writers on this disk."""
_CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def limit() -> int:
    """The memory limit in bytes. Raises `ConfigurationError` if the setting is not a size."""
    return settings().warehouse_memory or int(min(MAX_BYTES, max(MIN_BYTES, MEMORY_SHARE * _available_memory())))


def apply_limits(connection: duckdb.DuckDBPyConnection, spill: Path | None) -> None:
    """Set the limits. DuckDB spills to the folder `spill` (None: to its default folder)."""
    allowed = limit()
    connection.execute(f"set memory_limit = '{allowed}B'")
    threads = connection.execute("select current_setting('threads')").fetchall()[0][0]
    connection.execute(f"set threads = {max(1, min(threads, allowed // BYTES_PER_THREAD))}")
    if spill:
        literal = str(spill).replace("'", "''")
        connection.execute(f"set temp_directory = '{literal}'")
        limit_spilling(connection, spill)


def leave_a_core(connection: duckdb.DuckDBPyConnection) -> None:
    """Let DuckDB use one thread less, but at least one, while its caller computes in a thread of its own.

    More threads than cores cost more than they give: those of DuckDB that find no work take turns with the caller's.
    """
    threads = connection.execute("select current_setting('threads')").fetchall()[0][0]
    connection.execute(f"set threads = {max(1, threads - 1)}")


def limit_spilling(connection: duckdb.DuckDBPyConnection, spill: Path, most: float = float("inf")) -> None:
    """Let DuckDB spill at most `most` bytes, and at most a share of the free disk space, to the folder `spill`."""
    free = shutil.disk_usage(spill.parent).free * SPILL_SHARE
    connection.execute(f"set max_temp_directory_size = '{int(min(free, most))}B'")


@contextmanager
def explain_out_of_memory(where: str) -> Iterator[None]:
    """Raise `WarehouseOutOfMemory`, which names the setting to change, for DuckDB's out-of-memory error."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise _out_of_memory(where, str(error)) from None


def _out_of_memory(where: str, text: str) -> WarehouseOutOfMemory:
    if "bad allocation" in text:
        remedy = f"Raise {variable('task_memory')}, or lower {SETTING}: DuckDB spills the rest. Then clear the task."
        what = "the process could have no more memory: its budget or the machine's is used up."
        return WarehouseOutOfMemory(what, where=where, remedy=remedy)
    if "max_temp_directory_size" in text:
        remedy = "Free some disk space, then clear the task."
        return WarehouseOutOfMemory(
            "the disk of the data folder has no room for the rows that exceed the memory limit.", where=where, remedy=remedy
        )
    more = max(2, round(2 * limit() / 1e9))
    return WarehouseOutOfMemory(
        f"DuckDB's {limit() / 1e6:,.0f} MB of memory were not enough.",
        where=where,
        remedy=f"Set {SETTING} in the environment to a higher value, as in {more}GB, then clear the task.",
    )


def _available_memory() -> int:
    """Bytes of memory of the machine or the cgroup, whichever is smaller."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _CGROUPS:
        if path.is_file() and (text := path.read_text().strip()).isdecimal():
            found.append(int(text))
    return min(found)
