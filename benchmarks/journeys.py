"""How long the minutes of a journey take with many people inside at once.

    python -m benchmarks.journeys [--people 100000]

Invents twice as many subscribers; half of them put something into a basket. One process then runs the minutes that matter
of the shipped journey *abandoned basket*: everybody enters, nothing happens, a few more enter while everybody waits, and
everybody's first mail is due at once and is sent to a server on this machine. The target is two minutes from a trigger to
the accepted request, of which Airflow needs about half a minute.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.segments_and_marts import peak
from benchmarks.sink import running_sink
from include.core import clock
from include.core.connections import SendGridAccount, ledger_url
from include.core.paths import PROJECT, DataPaths
from include.core.secrets import load_secrets
from include.dispatch.account.record import record_sends
from include.dispatch.journey import changes, send
from include.dispatch.journey.tick import tick
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from tests.dispatch.populate import populate

BASKETS = """
insert into core.activities by name
select
    concat($name, i) as activity_id, i::varchar as subscriber_id, 'basket_add' as name, $name as landed_run,
    $at::timestamptz as happened_at
from range($first, $last) as people (i)
"""
LATE = 10
"""People who enter while all others wait."""


class Shop:
    """A data folder with people, one journey, and an account at a server that takes everything at once."""

    def __init__(self, root: Path, account: SendGridAccount, people: int) -> None:
        os.environ["TRADEWIND_DATA"] = str(root / "data")
        os.environ["TRADEWIND_JOURNEYS"] = str(root / "journeys")
        shipped = PROJECT / "include" / "journeys" / "abandoned_basket.yaml"
        (root / "journeys").mkdir()
        uncapped = shipped.read_text().replace("entries_per_day: 50000", f"entries_per_day: {2 * people}")
        (root / "journeys" / shipped.name).write_text(uncapped)
        paths = DataPaths(root / "data")
        paths.root.mkdir()
        secrets = load_secrets(paths)
        self._stores = Stores(paths, open_ledger(ledger_url(paths, f"sqlite:///{paths.ledger}"), secrets), secrets)
        self._account = account
        populate(paths, 2 * people)

    def baskets(self, name: str, first: int, last: int) -> None:
        """So many people put something into the basket, half an hour ago."""
        params = {"name": name, "first": first, "last": last, "at": clock.now() - timedelta(minutes=30)}
        with open_warehouse(self._stores.paths) as warehouse:
            warehouse.execute(BASKETS, params)

    def minute(self) -> dict[str, Any]:
        """What the DAG does each minute: its counts, none where it finds nothing to do."""
        now = clock.now()
        if changes.is_idle(self._stores, now):
            return {}
        found = tick(self._stores, self._account, edge_url="https://m.example", now=now)
        for part in found["ranges"]:
            send.send_part(self._stores, self._account, part)
        send.settle_plans(self._stores.ledger)
        record_sends(self._stores)
        return dict(found)


def main() -> None:
    """Measure, and print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--people", type=int, default=100_000)
    people = arguments.parse_args().people
    with running_sink() as port, tempfile.TemporaryDirectory(prefix="tradewind-bench-") as folder:
        shop = Shop(Path(folder), SendGridAccount(f"http://127.0.0.1:{port}", "SG.bench"), people)
        shop.baskets("first", 0, people)
        _measured(shop, f"{people:,} people enter", entered=people)
        _measured(shop, f"a minute without news, {people:,} inside")
        shop.baskets("late", people, people + LATE)
        _measured(shop, f"{LATE} people enter, {people:,} inside", entered=LATE)
        os.environ["TRADEWIND_CLOCK_OFFSET_SECONDS"] = str(timedelta(minutes=40).total_seconds())
        _measured(shop, f"{people + LATE:,} mails are due, frozen and sent", planned=people + LATE)
        print(f"peak memory {peak():,.0f} MB")


def _measured(shop: Shop, what: str, **expected: int) -> None:
    start, busy = time.perf_counter(), time.process_time()
    found = shop.minute()
    print(f"{what:46} {time.perf_counter() - start:6.2f} s, {time.process_time() - busy:6.2f} s of CPU")
    assert {name: found.get(name) for name in expected} == expected, found


if __name__ == "__main__":
    main()
