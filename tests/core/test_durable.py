"""A folder's fsync that threads share."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from include.core import durable
from include.core.durable import SharedSync


def test_each_caller_returns_after_a_sync_that_began_after_its_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    began: list[float] = []

    def slow(folder: Path) -> None:
        assert folder == tmp_path
        began.append(time.monotonic())
        time.sleep(0.01)

    monkeypatch.setattr(durable, "sync_folder", slow)
    sync = SharedSync(tmp_path)

    def call(_number: int) -> bool:
        called = time.monotonic()
        sync(tmp_path)
        return began[-1] >= called

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(call, range(64)))


def test_callers_that_wait_share_the_next_sync(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    called, everybody = threading.Semaphore(0), 16
    syncs: list[int] = []

    def slow(_folder: Path) -> None:
        if not syncs:
            for _caller in range(everybody):
                assert called.acquire(timeout=60)
        syncs.append(threading.get_ident())

    monkeypatch.setattr(durable, "sync_folder", slow)
    sync = SharedSync(tmp_path)

    def call(_number: int) -> None:
        called.release()
        sync(tmp_path)

    with ThreadPoolExecutor(everybody) as threads:
        list(threads.map(call, range(everybody)))
    assert len(syncs) < everybody


def test_a_sync_that_fails_is_tried_by_the_next_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    failing = threading.Event()
    failing.set()

    def sync_folder(_folder: Path) -> None:
        if failing.is_set():
            raise OSError("full")

    monkeypatch.setattr(durable, "sync_folder", sync_folder)
    sync = SharedSync(tmp_path)
    with pytest.raises(OSError, match="full"):
        sync(tmp_path)
    failing.clear()
    sync(tmp_path)
    assert sync._synced == sync._asked
