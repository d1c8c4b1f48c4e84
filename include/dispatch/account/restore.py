"""After the ledger was restored from a backup: what the journals and the warehouse still know goes back into it.

    python -m operations replay

The ledger forgot requests (each plan's `intents.log` has them), people who left (the warehouse has a copy as of the last
plan or analysis) and perhaps whole plans. Nothing is sent here. May be run again at any time; changes nothing in a healthy
ledger.
"""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from include.core import clock
from include.core.campaign import load_campaign
from include.core.errors import ConservationBroken
from include.core.paths import DataPaths
from include.dispatch import plan_files
from include.dispatch.account import record
from include.dispatch.journal import read_journal
from include.ledger import consent, opt_out_log, plans, replay, suppressions
from include.ledger.consent import Consent
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

SOURCE = "warehouse_copy"


def restore_ledger(stores: Stores) -> dict[str, Any]:
    """Bring back what is known elsewhere; returns counts of what the ledger had forgotten.

    First those who left, from the edge's notes and from the warehouse's copy, before anything renews it. Then every plan
    with a journal. Then the warehouse's record of it, by which events prove what they can. Raises `ConservationBroken`
    where a backup is too old.
    """
    found: Counter[str] = Counter()
    with open_warehouse(stores.paths) as warehouse:
        left = fetch(warehouse, "dispatch", "recorded_suppressions").to_pylist()
        declined = fetch(warehouse, "dispatch", "recorded_declines").to_pylist()
        found["suppressions"] = suppressions.suppress(stores.ledger, [_suppression(row) for row in left])
        found["suppressions"] += suppressions.suppress(stores.ledger, opt_out_log.standing(stores.paths))
        found["declined"] = consent.record(stores.ledger, [_declined(row) for row in declined], restored=True)
        for journal in sorted(stores.paths.plans.glob("*/*/intents.log")):
            found.update(_restore_plan(stores, journal.parent))
        record.record_into(warehouse, stores)
    log.info("reconciled: %s", dict(found))
    return dict(found)


def _restore_plan(stores: Stores, folder: Path) -> dict[str, int]:
    noted = read_journal(folder)
    if not noted:
        return {}
    campaign, occurrence = folder.parts[-2:]
    kind = plans.TEST if occurrence.startswith("test-") else plans.LIVE
    plan_id = plans.plan_id_of(campaign, occurrence, kind)
    if plans.find_plan(stores.ledger, plan_id) is not None:
        found = replay.replay_journal(stores.ledger, plan_id, noted)
        return {"plans": int(any(found.values())), "chunks_in_doubt": sum(found.values())}
    plan, rows = _plan_of_folder(stores.paths, folder, plan_id, kind)
    found = replay.record_lost_plan(stores.ledger, plan, rows, noted)
    log.warning("%s %s: the ledger had forgotten the whole plan; it is cancelled: %s", campaign, occurrence, found)
    return {"plans_cancelled": 1, "chunks_in_doubt": found["in_doubt"], "chunks_skipped": found["skipped"]}


def _plan_of_folder(paths: DataPaths, folder: Path, plan_id: str, kind: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What its folder still tells of a plan: how many were in it, and its chunks."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise ConservationBroken(
            "requests were made from it and it has no manifest.", where=str(folder),
            remedy="Restore the plan's folder from your backup, then reconcile again.",
        )  # fmt: skip
    states = Counter(pq.read_table(folder / "audience.parquet", columns=["state"])["state"].to_pylist())
    rows = orjson.loads((folder / "chunks.json").read_bytes())
    campaign = load_campaign(folder.parts[-2]).model_copy(update={"on_doubt": "skip"})
    plan = {
        "plan_id": plan_id, "campaign": folder.parts[-2], "occurrence": folder.parts[-1], "kind": kind,
        "segment_run": "unknown", "settings": campaign.model_dump_json(), "content_hash": "unknown",
        "folder": str(folder.relative_to(paths.root)), "manifest_sha256": plan_files.file_sha256(manifest),
        "suppressions_seen": 0, "selected": states.total(),
        "planned": states["planned"], "suppressed": states["suppressed"], "capped": states["capped"],
        "held_out": states["held_out"], "planned_at": manifest.stat().st_mtime,
    }  # fmt: skip
    return plan, rows


def _suppression(row: dict[str, Any]) -> Suppression:
    """As it was: who confirmed since must not leave again by this."""
    happened_at = row["happened_at"] or clock.now()
    return Suppression(row["address_key"], row["reason"], SOURCE, happened_at.timestamp())


def _declined(row: dict[str, Any]) -> Consent:
    happened_at = row["happened_at"] or clock.now()
    return Consent(row["address_key"], row["topic"], False, SOURCE, happened_at.timestamp())
