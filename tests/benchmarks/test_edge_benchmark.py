"""The benchmark of the edge posts to both servers, and both store every batch."""

from __future__ import annotations

import pytest

from benchmarks import edge


def test_both_servers_store_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "WARM_UP", 2)
    bare, edge_ = edge.measured(4, rounds=1, size=4_000)
    assert (bare.batches, edge_.batches) == (4, 4)
    assert min(bare.cpu, edge_.cpu, bare.wall, edge_.wall) >= 0
