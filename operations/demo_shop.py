"""Builds the demo's source of subscribers, once, while the services start; not if another source is configured."""

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


def start_all(installation: Installation, report: Callable[[str], None]) -> None:
    """Start the services, apply the Airflow settings and build the demo shop. Raises `TradewindError`."""
    launcher.check_disk(installation)
    with built(installation, report):
        launcher.start_services(installation, report)
        airflow_settings.apply(installation)


def shop_file(installation: Installation) -> Path:
    """The database of the demo shop, the default of `subscribers_source`."""
    return installation.paths.demo / "shop.sqlite"


@contextmanager
def built(installation: Installation, report: Callable[[str], None]) -> Iterator[None]:
    """Build the shop in the background of the block, and wait for it at the end."""
    building = _start_building(installation, report)
    try:
        yield
    except BaseException:
        if building is not None:
            building.kill()
            building.wait()
        raise
    if building is not None:
        _wait_until_built(installation, building)


def _start_building(installation: Installation, report: Callable[[str], None]) -> subprocess.Popen[bytes] | None:
    shop = shop_file(installation)
    if connections.environment_connection(SOURCE) or shop.is_file():
        return None
    report("building the demo shop: 23,570 customers, 69,659 purchases, their activities")
    shop.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "demo_shop.source", "--to", str(shop), "--until", f"{clock.now():%Y-%m-%d}"]
    return subprocess.Popen(
        command, cwd=PROJECT, env=service_environment(installation), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def _wait_until_built(installation: Installation, building: subprocess.Popen[bytes]) -> None:
    words = building.communicate()[1].decode(errors="replace").strip().splitlines()
    if building.returncode:
        shop_file(installation).unlink(missing_ok=True)
        raise TradewindError(
            "could not be built.", where="the demo shop", remedy=words[-1] if words else "It printed no error."
        )
