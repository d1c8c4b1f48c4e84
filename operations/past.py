"""Plays the weeks before the demo's first run (demo_past/), so that its reports have a past. Only into a new data folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from include.core.connections import LEDGER, SENDGRID, SOURCE
from include.core.paths import PROJECT
from include.core.settings import variable
from operations import demo_shop, launcher
from operations.mutex import mutex
from operations.services import SHOP_SEED
from operations.settings import Installation, service_environment

WEEKS = 12
OWN_CONNECTIONS = (SOURCE, SENDGRID, LEDGER)
OWN_FILES = ("sources", "source_sql", "campaigns", "journeys", "templates", "products", "shop")
"""Settings that name the installation's own sources, campaigns or texts."""
Report = Callable[[str], None]


def play_once(installation: Installation, report: Report, *, weeks: int = WEEKS) -> None:
    """Build the demo shop and play the weeks before this one, while Airflow's database is prepared.

    Does nothing in an installation with data, or with its own source, SendGrid account, ledger or campaigns. If the weeks
    cannot be played, the demo begins without them, and the reason is reported.
    """
    launcher.check_disk(installation)
    with mutex(installation.paths.services / "up.lock", report, "another command that starts the services"):
        if weeks and is_new(installation) and not is_own():
            _play(installation, report, weeks)


def is_new(installation: Installation) -> bool:
    """Whether no stage, edge or simulator has ever run in this data folder."""
    paths = installation.paths
    return not any(store.exists() for store in (paths.warehouse, paths.ledger, paths.simulator, paths.secrets))


def is_own() -> bool:
    """Whether the environment names anything of an installation that is not the demo, or Airflow's own database."""
    names = [*(f"AIRFLOW_CONN_{name.upper()}" for name in OWN_CONNECTIONS), *map(variable, OWN_FILES)]
    return any(os.environ.get(name) for name in (*names, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"))


def _play(installation: Installation, report: Report, weeks: int) -> None:
    with demo_shop.built(installation, report):
        pass
    report(f"playing the {weeks} weeks before this one with a set clock, for reports with a past: these weeks are simulated")
    environment, log = service_environment(installation), installation.paths.services / "past.log"
    with log.open("ab") as output:
        command = _command(installation, weeks)
        playing = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=output)
    try:
        launcher.migrate(installation, environment, report)
        playing.wait()
    finally:
        playing.kill()
        playing.wait()
    if playing.returncode:
        report(f"the past could not be played; the demo begins without it. The reason is in {log}")


def _command(installation: Installation, weeks: int) -> list[str]:
    shop = str(demo_shop.shop_file(installation))
    return [sys.executable, "-m", "demo_past", "--shop", shop, "--weeks", str(weeks), "--seed", str(SHOP_SEED)]
