"""Commands that would get in each other's way take turns."""

from __future__ import annotations

import threading
from pathlib import Path

from operations.mutex import mutex


def test_the_second_waits_and_says_so(tmp_path: Path) -> None:
    lock, said, order, waits = tmp_path / "services" / "x.lock", [], [], threading.Event()

    def tell(text: str) -> None:
        said.append(text)
        waits.set()

    def second() -> None:
        with mutex(lock, tell, "the first"):
            order.append("second")

    with mutex(lock, said.append, "nobody"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert said == ["waiting for the first"]


def test_a_turn_ends_with_an_error_too(tmp_path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        try:
            with mutex(tmp_path / "x.lock", said.append, "nobody"):
                raise KeyError
        except KeyError:
            pass
    assert said == []
