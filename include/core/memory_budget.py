"""A budget of memory for each task, so that one that needs more fails by itself, and not the machine.

Without one, the kernel ends whichever process is the largest: a scheduler, or the edge.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from include.core.errors import TaskOutOfMemory
from include.core.settings import settings, variable


@contextmanager
def memory_budget() -> Iterator[None]:
    """Let this process allocate at most `TRADEWIND_TASK_MEMORY` within the context; without the setting, no limit is set.

    Counted is the private memory that the process may write to (RLIMIT_DATA, `man 2 setrlimit`), touched or not: some
    tenths more than what it uses. Raises `TaskOutOfMemory` where an allocation fails.
    """
    budget = settings().task_memory
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    try:
        if budget:
            resource.setrlimit(resource.RLIMIT_DATA, (budget, limits[1]))
        yield
    except MemoryError:
        limit = f"its budget of {budget / 1e6:,.0f} MB ({variable('task_memory')})" if budget else "what the machine has"
        raise TaskOutOfMemory(
            f"the task needs more memory than {limit}.",
            remedy="Nothing half done stays. Raise it, or take a machine with more (docs/capacity.md), then clear the task.",
        ) from None
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, limits)
