"""What a shop takes in the real stages, by step and by store: CPU, memory and bytes; and how well the model predicts it.

    python -m benchmarks.footprint            at three sizes, compared with the model
    python -m benchmarks.footprint --write    also writes what one more costs to include/publish/unit_costs.yaml

On the first day the whole list comes, three purchases a person; readers are mailed and answer with 2.5 events a message.
On the second, a week later, one person in a hundred changes, and readers are mailed again. On the third nothing is new.
Each step runs in a process of its own without its imports, in a data folder of its own that is removed afterwards. What
one more costs is the difference between the largest and the smallest size, so that what every run costs is not in it; the
model is `include/publish/resources.py`, and the sizes between are the test of it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import yaml

from benchmarks import ingest
from benchmarks.footprint_steps import Figures
from benchmarks.sink import running_sink
from include.core.paths import DataPaths
from include.publish.resources import DAYS_A_YEAR, UNIT_COSTS, Shop, UnitCosts, resources, unit_costs
from include.warehouse import memory
from include.warehouse.connection import open_warehouse

SIZES = (20_000, 50_000, 100_000)

STORES = ("landed", "plans", "spool", "ledger", "warehouse", "published")


def main() -> None:
    """Measure, print, and write the costs if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="*", default=SIZES)
    parser.add_argument("--write", action="store_true", help="store what one more costs")
    chosen = parser.parse_args()
    found = {people: _measured(people) for people in chosen.people}
    if chosen.write:
        small, large = min(found), max(found)
        UNIT_COSTS.write_text(_as_yaml(small, large, _costs(large - small, _more(found[small], found[large]))))
    _compare(found)


def _measured(people: int) -> dict[str, Figures]:
    """{step and day: figures}; the figures of a step are CPU, wall, rss, and bytes of each store afterwards."""
    print(f"{people:,} people, DuckDB memory limit {memory.limit() / 1e6:,.0f} MB", flush=True)
    figures: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="tradewind-bench-") as folder, running_sink() as port:
        paths = DataPaths(Path(folder))
        for name, day in _steps(paths, people):
            took = _in_a_process(paths, name, day, port) | _sizes(paths)
            figures[f"{name} {day}"] = took
            line = f"{took['wall']:7.1f} s {took['cpu']:7.1f} s of CPU  peak {took['rss']:6,.0f} MB"
            print(f"  day {day} {name:16} {line}", flush=True)
    return figures


def _steps(paths: DataPaths, people: int) -> Iterator[tuple[str, int]]:
    """The steps of the three days, each after its input was invented."""
    yield "start", 0
    for day, (first, changed) in enumerate(((0, ingest.BEFORE), (people - people // 100, ingest.AFTER)), 1):
        for relation, each in (("subscribers", 1), ("purchases", ingest.EACH)):
            named = (changed,) if relation == "subscribers" else ()
            ingest.landed(paths, relation, "all" if day == 1 else "next", each * first, each * people, *named)
            yield f"land_{relation}", day
        for name in ("subscribers", "purchases", "segments", "plan", "send", "receive", "collect", "analyze", "publish"):
            yield name, day
    yield from (("pack", 3), ("analyze", 3), ("publish", 3))


def _in_a_process(paths: DataPaths, name: str, day: int, port: int) -> Figures:
    command = [sys.executable, "-m", "benchmarks.footprint_steps", name, str(day), str(port)]
    environment = {**os.environ, "TRADEWIND_DATA": str(paths.root), "TRADEWIND_TEMPLATES": str(paths.root / "templates")}
    if name == "pack":  # Only past days are packed.
        environment["TRADEWIND_CLOCK_OFFSET_SECONDS"] = str(timedelta(days=3) // timedelta(seconds=1))
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    figures: Figures = json.loads(finished.stdout)
    return figures


def _sizes(paths: DataPaths) -> Figures:
    """Bytes of each store."""
    folders = {"landed": paths.landed, "plans": paths.plans, "spool": paths.spool, "ledger": paths.ledger.parent}
    sizes = {
        name: float(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()))
        for name, folder in folders.items()
    }
    with open_warehouse(paths) as connection:
        connection.execute("checkpoint")
        sizes["warehouse"] = _used(connection)
    published = [0.0]
    for build in paths.published.glob("builds/*/*.duckdb"):
        with duckdb.connect(build, read_only=True) as connection:
            published.append(_used(connection))
    return sizes | {"published": max(published)}


def _used(connection: duckdb.DuckDBPyConnection) -> float:
    """Bytes of a database file without its free blocks."""
    return float(connection.execute("select used_blocks * block_size from pragma_database_size()").fetchall()[0][0])


def _more(small: dict[str, Figures], large: dict[str, Figures]) -> dict[str, Figures]:
    """What the larger size took more."""
    return {step: {name: figure - small[step][name] for name, figure in figures.items()} for step, figures in large.items()}


def _costs(people: int, found: dict[str, Figures]) -> UnitCosts:
    """What one more costs: growth of a store and CPU of a step, on the second day but for ingest, by what it was for."""
    messages, events = found["plan 2"]["count"], found["collect 2"]["count"]

    def grown(store: str, before: str, after: str, count: float) -> float:
        return (found[after][store] - found[before][store]) / count

    def cpu(step: str, count: float, less: str = "") -> float:
        return (found[step]["cpu"] - (found[less]["cpu"] if less else 0)) / count * 1e6

    bought = ingest.EACH * people
    published_event = grown("published", "publish 1", "publish 2", events)
    return UnitCosts(
        landed_subscriber=grown("landed", "start 0", "land_subscribers 1", people),
        landed_purchase=grown("landed", "land_subscribers 1", "land_purchases 1", bought),
        warehouse_subscriber=grown("warehouse", "land_purchases 1", "subscribers 1", people),
        warehouse_purchase=grown("warehouse", "subscribers 1", "purchases 1", bought),
        warehouse_features=grown("warehouse", "purchases 1", "segments 1", people),
        warehouse_message=grown("warehouse", "segments 2", "receive 2", messages),
        warehouse_event=grown("warehouse", "receive 2", "collect 2", events),
        warehouse_marts_event=grown("warehouse", "collect 2", "publish 2", events),
        ledger_message=grown("ledger", "start 0", "receive 2", found["plan 1"]["count"] + messages),
        plan_message=grown("plans", "segments 2", "receive 2", messages),
        spool_event=found["pack 3"]["spool"] / (found["collect 1"]["count"] + events),
        published_person=max(0.0, found["publish 1"]["published"] - published_event * events) / people,
        published_event=published_event,
        cpu_ingest_subscriber=cpu("subscribers 1", people),
        cpu_ingest_purchase=cpu("purchases 1", bought),
        cpu_segments_person=cpu("segments 2", people),
        cpu_plan_message=cpu("plan 2", messages),
        cpu_send_message=cpu("send 2", messages),
        cpu_collect_event=cpu("collect 2", events),
        cpu_analyze_person=cpu("analyze 3", people),
        cpu_analyze_event=cpu("analyze 2", events, "analyze 3"),
        cpu_publish_person=cpu("publish 3", people),
        cpu_publish_event=cpu("publish 2", events, "publish 3"),
    )


def _compare(found: dict[int, dict[str, Figures]]) -> None:
    """Print what the model says of each size, with the stored costs, beside what was measured."""
    for people, figures in found.items():
        predicted = resources(_shop(people, figures), unit_costs())
        measured = {store: figures["publish 2"][store] for store in STORES} | {"spool": figures["pack 3"]["spool"]}
        print(f"{people:,} people: predicted, to measured")
        for store, size in predicted.bytes_by_store.items():
            print(
                f"  bytes {store:10} {size / 1e6:9,.1f} MB {measured[store] / 1e6:9,.1f} MB {size / measured[store]:6.2f} x"
            )
        for stage, cpu in predicted.cpu_by_stage.items():
            steps = ("subscribers 1", "purchases 1") if stage == "ingest" else (f"{stage} 2",)
            took = sum(figures[step]["cpu"] for step in steps)
            print(f"  CPU   {stage:10} {cpu:9,.1f} s  {took:9,.1f} s  {cpu / took:6.2f} x")


def _shop(people: int, figures: dict[str, Figures]) -> Shop:
    """The two days of the benchmark, as a shop that sends each day."""
    years = 2 / DAYS_A_YEAR
    messages, events = (figures[f"{step} 1"]["count"] + figures[f"{step} 2"]["count"] for step in ("plan", "collect"))
    return Shop(
        people=people, purchases_a_year=ingest.EACH / years, sends_a_week=7 * messages / 2 / people,
        events_a_message=events / messages, deliveries=1,
        years=years, landed_days=1, plan_days=2, spool_days=2, builds=1, send_hours=1, night_hours=1,
    )  # fmt: skip


def _as_yaml(small: int, large: int, costs: UnitCosts) -> str:
    heading = (
        "# What one more takes: bytes in a store, microseconds of CPU in a stage. Do not edit: measured by\n"
        f"# `python -m benchmarks.footprint --write`, {datetime.now(UTC):%Y-%m-%d}, {small:,} and {large:,} people.\n"
    )
    return heading + yaml.safe_dump({"costs": {name: round(cost, 2) for name, cost in vars(costs).items()}}, sort_keys=False)


if __name__ == "__main__":
    main()
