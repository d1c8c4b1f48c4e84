"""A process of `benchmarks.scaling`: freezes the plan, or sends a part of it.

python -m benchmarks.scaling_worker plan <folder> <ledger> <port> <people>
python -m benchmarks.scaling_worker send <folder> <ledger> <port> <first> <last> <1 if paced>
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from benchmarks.campaign import CAMPAIGN
from benchmarks.measures import AT, EDGE, PLAN_ID, TEMPLATE
from benchmarks.scaling import PACE
from include.core.connections import SendGridAccount, ledger_url
from include.core.pace import AccountPace
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.dispatch.plan import freeze
from include.dispatch.send import sender
from include.ledger.database import open_ledger
from include.ledger.stores import Stores


def plan(stores: Stores, people: int) -> dict[str, int]:
    """Freeze a plan for invented people."""
    from tests.dispatch.populate import insert_people

    insert_people(stores.paths, people)
    folder = stores.paths.root / "templates" / "bench"
    folder.mkdir(parents=True)
    for name, text in TEMPLATE.items():
        (folder / name).write_text(text)
    os.environ["TRADEWIND_TEMPLATES"] = str(folder.parent)
    return {"chunks": freeze.freeze(stores, CAMPAIGN, occurrence="once", edge_url=EDGE, at=AT)["chunks"]}


def send(stores: Stores, port: int, first: int, last: int, paced: bool) -> dict[str, int]:
    """Send when told to, as the task `dispatch.send_range` does."""
    print("ready", flush=True)
    sys.stdin.readline()
    account = SendGridAccount(f"http://127.0.0.1:{port}", "SG.bench")
    pace = AccountPace(messages_per_second=PACE) if paced else AccountPace()
    return sender.send_range(stores, account, plan_id=PLAN_ID, first=first, last=last, account_pace=pace)


def main(what: str, folder: str, ledger: str, port: str, *numbers: str) -> None:
    """Run one step, and print its result as JSON."""
    paths = DataPaths(Path(folder) / "data")
    paths.root.mkdir(exist_ok=True)
    os.environ["TRADEWIND_DATA"] = str(paths.root)
    secrets = load_secrets(paths)
    stores = Stores(paths, open_ledger(ledger_url(paths, ledger), secrets), secrets)
    if what == "plan":
        print(json.dumps(plan(stores, int(numbers[0]))))
    else:
        first, last, paced = map(int, numbers)
        print(json.dumps(send(stores, int(port), first, last, bool(paced))))


if __name__ == "__main__":
    main(*sys.argv[1:])
