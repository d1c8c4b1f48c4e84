"""The demo's source of subscribers: built while the services start, once, unless another source is named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from include.core import clock, connections
from include.core.connections import SOURCE
from include.core.errors import TradewindError
from include.core.paths import PROJECT
from operations import airflow_settings, launcher
from operations.settings import Installation, service_environment


def up(place: Installation, tell: Callable[[str], None]) -> None:
    """Services, settings and the demo shop: everything that a DAG may need. Raises `TradewindError`."""
    launcher.check_disk(place)
    with _built(place, tell):
        launcher.up(place, tell)
        airflow_settings.apply(place)


def shop_file(place: Installation) -> Path:
    """Where the demo shop is: what `subscribers_source` means where nobody sets it."""
    return place.paths.demo / "shop.sqlite"


@contextmanager
def _built(place: Installation, tell: Callable[[str], None]) -> Iterator[None]:
    """Build the shop beside the block, and wait for it at its end."""
    building = _begin(place, tell)
    try:
        yield
    except BaseException:
        if building is not None:
            building.kill()
            building.wait()
        raise
    if building is not None:
        _finish(place, building)


def _begin(place: Installation, tell: Callable[[str], None]) -> subprocess.Popen[bytes] | None:
    shop = shop_file(place)
    if connections.environment_text(SOURCE) or shop.is_file():
        return None
    tell("building the demo shop: 23,570 customers, 69,659 purchases")
    shop.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "demo_shop.source", "--to", str(shop), "--until", f"{clock.now():%Y-%m-%d}"]
    return subprocess.Popen(
        command, cwd=PROJECT, env=service_environment(place), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def _finish(place: Installation, building: subprocess.Popen[bytes]) -> None:
    words = building.communicate()[1].decode(errors="replace").strip().splitlines()
    if building.returncode:
        shop_file(place).unlink(missing_ok=True)
        raise TradewindError("could not be built.", where="the demo shop", remedy=words[-1] if words else "It said nothing.")
