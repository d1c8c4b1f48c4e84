"""A small shop with a past, analysed twice and published: what the queries, the tutorial and the notebooks are tested on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from include.analyze.marts import build_marts
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.ledger.database import Ledger, open_ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression, suppress
from include.ledger.tables import plans
from include.publish.file import publish
from include.segment.build import build_segments
from include.warehouse.connection import open_warehouse

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
LEFT_BY_OUR_PAGE = "select message_key, address_key from dispatch.sends where plan_id = 'p3' and state = 'accepted' limit 3"
PLANS = "select plan_id, campaign, occurrence, epoch(planned_at) as planned_at, selected from dispatch.plans"
TITLES = {"newsletter": "The weekly letter", "winback": "We miss you"}


def build_small_shop(root: Path) -> DataPaths:
    """Fill a warehouse and a ledger in `root`, analyse a day before its mails and the last day, and publish."""
    paths = DataPaths(root)
    secrets = load_secrets(paths)
    ledger = open_ledger(f"sqlite:///{root}/ledger.sqlite", secrets)
    with open_warehouse(paths) as connection:
        connection.execute(Path(__file__).with_suffix(".sql").read_text())
        left = connection.execute(LEFT_BY_OUR_PAGE).fetchall()
        _record_plans(ledger, connection.execute(PLANS).to_arrow_table().to_pylist())
    suppress(ledger, [Suppression(key, "unsubscribe", "one_click", AS_OF.timestamp(), message) for message, key in left])
    for days in (40, 0):
        as_of = AS_OF - timedelta(days=days)
        build_segments(paths, segment_run=f"r{days}", as_of=as_of)
        build_marts(Stores(paths, ledger, secrets), as_of=as_of)
    ledger.close()
    publish(paths)
    return paths


def _record_plans(ledger: Ledger, rows: list[dict[str, object]]) -> None:
    """The plans as the ledger has them, for the names of campaigns."""
    with ledger.write() as connection:
        for row in rows:
            campaign = str(row["campaign"])
            said = {
                "name": TITLES[campaign],
                "purpose": "A test.",
                "owner": "marketing",
                "kind": "marketing",
                "locales": ["en"],
            }
            nothing = dict.fromkeys(("suppressions_seen", "suppressed", "capped", "held_out"), 0)
            texts = dict.fromkeys(("segment_run", "content_hash", "folder", "manifest_sha256"), "x")
            values = row | nothing | texts | {"planned": row["selected"], "kind": "live", "state": "done"}
            connection.execute(plans.insert(), values | {"settings": json.dumps(said)})
