"""Publish in child processes, each killed (SIGKILL) one step later than the previous one; verify after each.

A step is a file system call that changes what a reader sees, or the start of every fifth SQL file.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas  # noqa: F401  (duckdb imports it on first use: once here, not in every child)

sys.path.insert(0, str(Path(__file__).parents[2]))

from include.core import sqlfile
from include.core.paths import data_paths
from include.publish.file import publish
from include.publish.read_back import verify


def kill_at(step: int) -> None:
    """Kill this process just before its `step`th step."""
    seen = 0.0

    def counted(call: Callable[..., Any], weight: float = 1) -> Callable[..., Any]:
        def counting(*args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            before, seen = seen, seen + weight
            if before < step <= seen:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return counting

    for module, name in ((os, "replace"), (os, "symlink"), (os, "fsync"), (os, "mkdir"), (os, "unlink"), (os, "rmdir")):
        setattr(module, name, counted(getattr(module, name)))
    sqlfile.load = counted(sqlfile.load, 0.2)


def in_child(work: Callable[[], Any]) -> int:
    """Run `work` in a forked child process; returns its exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def publish_killed(step: int) -> None:
    """Verify what the previous child left, then publish and be killed."""
    paths = data_paths()
    verify(paths)
    kill_at(step)
    publish(paths)


def main() -> None:
    step = 1
    while (status := in_child(partial(publish_killed, step))) == -signal.SIGKILL:
        step += 1
    if status != 0:
        raise SystemExit(f"after a kill at step {step - 1} the published file cannot be verified")
    sys.stdout.write(json.dumps({"killed": step - 1}))


if __name__ == "__main__":
    main()
