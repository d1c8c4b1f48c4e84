"""`python -m demo_past --shop PATH.sqlite --weeks 12`: plays the weeks before this one into the empty data folder.

They are played in a folder beside it, and moved when all of them are done: what was interrupted leaves nothing.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from demo_past.environment import playing_into, set_clocks
from demo_past.play import play_week, record_past
from demo_past.services import services
from demo_past.timetable import weeks
from include.core import clock
from include.core.connections import ledger_url
from include.core.errors import TradewindError
from include.core.paths import DataPaths, data_paths
from include.core.secrets import load_secrets
from include.ledger.database import open_ledger
from include.ledger.stores import Stores

log = logging.getLogger("demo_past")


def play(paths: DataPaths, shop: Path, count: int, *, seed: int) -> None:
    """Play the `count` weeks before the current one from the database of the demo shop.

    Raises `TradewindError` if the data folder has stores, or if a stage fails; then nothing was moved.
    """
    unfinished, shop = paths.demo / "unfinished_past", shop.resolve()
    shutil.rmtree(unfinished, ignore_errors=True)
    timetable = weeks(count, clock.now())
    with playing_into(unfinished) as staged, services(staged, seed=seed) as simulated:
        set_clocks(timetable[0].at)
        keys = load_secrets(staged)
        stores = Stores(staged, open_ledger(ledger_url(staged), keys), keys)
        try:
            for before, week in zip([None, *timetable], timetable, strict=False):
                play_week(stores, simulated, shop, week, before.at if before else None)
                log.info("played the week of %s", f"{week.at:%Y-%m-%d}")
            record_past(staged, timetable)
        finally:
            stores.ledger.close()
    _move(unfinished, paths.root)


def _move(played: Path, root: Path) -> None:
    """Move each store into the data folder. Raises `TradewindError` before the first if one of them exists there."""
    moved = sorted(played.iterdir())
    for store in moved:
        if (root / store.name).exists():
            raise TradewindError("exists.", where=str(root / store.name), remedy="A past is played into a new data folder.")
    for store in moved:
        store.rename(root / store.name)
    played.rmdir()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns 1, with one line on stderr, if the weeks could not be played."""
    parser = argparse.ArgumentParser(prog="python -m demo_past", description=__doc__)
    parser.add_argument("--shop", type=Path, required=True, help="the database of the demo shop")
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1, help="of the simulator's recipients")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        play(data_paths(), options.shop, options.weeks, seed=options.seed)
    except TradewindError as error:
        log.error("the past could not be played", exc_info=error)
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
