"""Commands that exclude each other wait for each other."""

from __future__ import annotations

import threading
from pathlib import Path

from operations.mutex import mutex


def test_the_second_command_waits_and_prints_why(tmp_path: Path) -> None:
    lock, said, order, waits = tmp_path / "services" / "x.lock", [], [], threading.Event()

    def report(text: str) -> None:
        said.append(text)
        waits.set()

    def second() -> None:
        with mutex(lock, report, "the first"):
            order.append("second")

    with mutex(lock, said.append, "nobody"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(120)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert said == ["waiting for the first"]


def test_an_error_releases_the_mutex(tmp_path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        try:
            with mutex(tmp_path / "x.lock", said.append, "nobody"):
                raise KeyError
        except KeyError:
            pass
    assert said == []
