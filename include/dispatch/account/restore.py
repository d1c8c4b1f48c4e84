"""Brings a ledger that was restored from a backup up to date, from the journals, the opt-out log and the warehouse.

    make replay

A restored ledger lacks requests (each plan's `intents.log` has them), opt-outs (the edge's opt-out log has them, and the
warehouse a copy as of the last plan or analysis), answers about consent (the consent journal has them) and possibly whole
plans. Sends nothing. Can be repeated at any time;
changes nothing in a ledger that is up to date.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from include.core import clock
from include.core.durable import file_sha256
from include.core.errors import ConservationBroken
from include.core.journey_mail import load_mail
from include.core.paths import DataPaths
from include.dispatch.account import record
from include.dispatch.journal import read_journal
from include.ledger import consent, consent_journal, gap, opt_out_log, plans, replay, suppressions
from include.ledger.consent import Consent
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

SOURCE = "warehouse_copy"


def restore_ledger(stores: Stores) -> dict[str, Any]:
    """Restore what the ledger lacks; return counts of it.

    First opt-outs, from the edge's opt-out log and the warehouse's copy, before anything replaces that copy, and consent,
    from its journal. Then every plan with a journal. Then the warehouse's record of the sends, against which events are
    matched. Raises `ConservationBroken` if the backup is too old.
    """
    found: Counter[str] = Counter()
    with open_warehouse(stores.paths) as warehouse:
        suppressed = fetch(warehouse, "dispatch", "recorded_suppressions").to_pylist()
        declined = fetch(warehouse, "dispatch", "recorded_declines").to_pylist()
        found.update(_restore_opt_outs(stores, [_suppression(row) for row in suppressed]))
        if answers := consent_journal.replay(stores.paths, stores.ledger):
            found["consent"] = answers
        found["declined"] = consent.record(stores.ledger, [_declined(row) for row in declined], restored=True)
        for journal in sorted(stores.paths.plans.glob("*/*/intents.log")):
            found.update(_restore_plan(stores, journal.parent))
        record.record_into(warehouse, stores)
    log.info("restored: %s", dict(found))
    return dict(found)


def restore_installation(stores: Stores, taken_at: datetime) -> dict[str, Any]:
    """Complete the ledger of a backup of the whole installation, and put in doubt what may have been sent since `taken_at`.

    Returns counts. Before anything of the installation runs.
    """
    found = restore_ledger(stores)
    for name, count in gap.open_gap(stores.ledger, taken_at.timestamp()).items():
        found[name] = found.get(name, 0) + count
    record.record_sends(stores)
    return found


def _restore_opt_outs(stores: Stores, copied: list[Suppression]) -> dict[str, int]:
    """Suppress what the warehouse's copy and the opt-out log contain, unless the person lifted it later."""
    lifted = opt_out_log.lifted(stores.paths)
    lifted_at = {(entry.address_key, entry.reason): entry.happened_at for entry in lifted}
    kept = [entry for entry in copied if entry.happened_at > lifted_at.get((entry.address_key, entry.reason), -1.0)]
    count = suppressions.suppress(stores.ledger, kept)
    count += suppressions.suppress(stores.ledger, opt_out_log.in_force(stores.paths))
    return {"suppressions": count, "lifted": suppressions.lift_all(stores.ledger, lifted, unless_newer=True)}


def _restore_plan(stores: Stores, folder: Path) -> dict[str, int]:
    journaled = read_journal(folder)
    if not journaled:
        return {}
    campaign, occurrence = folder.parts[-2:]
    kind = plans.TEST if occurrence.startswith("test-") else plans.LIVE
    plan_id = plans.plan_id_of(campaign, occurrence, kind)
    if plans.find_plan(stores.ledger, plan_id) is not None:
        found = replay.replay_journal(stores.ledger, plan_id, journaled)
        return {"plans": int(any(found)), "chunks_in_doubt": sum(found)}
    plan, rows = _plan_of_folder(stores.paths, folder, plan_id, kind)
    by_state = replay.record_lost_plan(stores.ledger, plan, rows, journaled)
    log.warning("%s %s: the ledger lacks the plan; recorded as cancelled: %s", campaign, occurrence, by_state)
    return {"plans_cancelled": 1, "chunks_in_doubt": by_state["in_doubt"], "chunks_skipped": by_state["skipped"]}


def _plan_of_folder(paths: DataPaths, folder: Path, plan_id: str, kind: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The plan and its chunks, rebuilt from its folder."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise ConservationBroken(
            "requests were made from this folder, and it has no manifest.", where=str(folder),
            remedy="Restore the plan's folder from your backup, then run `make replay` again.",
        )  # fmt: skip
    states = Counter(pq.read_table(folder / "audience.parquet", columns=["state"])["state"].to_pylist())
    rows = orjson.loads((folder / "chunks.json").read_bytes())
    campaign = load_mail(folder.parts[-2]).model_copy(update={"on_doubt": "skip"})
    plan = {
        "plan_id": plan_id, "campaign": folder.parts[-2], "occurrence": folder.parts[-1], "kind": kind,
        "segment_run": "unknown", "settings": campaign.model_dump_json(), "content_hash": "unknown",
        "folder": str(folder.relative_to(paths.root)), "manifest_sha256": file_sha256(manifest),
        "suppressions_seen": 0, "selected": states.total(),
        "planned": states["planned"], "suppressed": states["suppressed"], "capped": states["capped"],
        "held_out": states["held_out"], "planned_at": manifest.stat().st_mtime,
    }  # fmt: skip
    return plan, rows


def _suppression(row: dict[str, Any]) -> Suppression:
    """With its original time, so that it does not override a later confirmation."""
    happened_at = row["happened_at"] or clock.now()
    return Suppression(row["address_key"], row["reason"], SOURCE, happened_at.timestamp())


def _declined(row: dict[str, Any]) -> Consent:
    happened_at = row["happened_at"] or clock.now()
    return Consent(row["address_key"], row["topic"], False, SOURCE, happened_at.timestamp())
