"""A past of two weeks, played once, from every sixtieth customer of the demo shop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from demo_past.__main__ import play
from include.analyze.marts import build_marts
from include.analyze.reconcile import check_sums
from include.core import clock
from include.core.connections import ledger_url
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.ledger.database import open_ledger
from include.ledger.stores import Stores


@pytest.fixture(scope="session")
def played(small_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """The stores after the two weeks and the marts of tonight, whose sums hold."""
    paths = DataPaths(tmp_path_factory.mktemp("past") / "data")
    play(paths, small_shop, 2, seed=1)
    keys = load_secrets(paths)
    stores = Stores(paths, open_ledger(ledger_url(paths), keys), keys)
    build_marts(stores, as_of=clock.now() + timedelta(minutes=1))
    check_sums(paths)
    yield stores
    stores.ledger.close()
