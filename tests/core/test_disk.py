"""Work that would fill the disk is refused while there is still room for what must be written."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from include.core import disk
from include.core.errors import DiskTooSmall
from include.ledger import plans
from include.ledger.stores import Stores
from tests.dispatch.frozen import frozen_plan


@pytest.mark.parametrize(("needed", "fits"), [(500_000_000, True), (500_000_001, False)])
def test_the_reserve_stays_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needed: int, fits: bool) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=1_000_000_000))
    if fits:
        disk.require_room(tmp_path, needed, "the plan")
    else:
        with pytest.raises(DiskTooSmall, match=r"needs about 500 MB, and 1,000 MB are free, of which 500 MB are kept"):
            disk.require_room(tmp_path, needed, "the plan")


def test_a_plan_that_will_not_fit_is_not_frozen(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judged by its first part: 40 chunks are two parts."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=500_001_000))
    with pytest.raises(DiskTooSmall, match="the plan of 400 people"):
        frozen_plan(stores, 400, chunk_size=10)
    assert plans.all_plans(stores.ledger) == []
    shutil.rmtree(stores.paths.plans)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=600_000_000))
    assert frozen_plan(stores, 400, chunk_size=10)
