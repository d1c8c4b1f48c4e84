"""Replaces the content of a plan for the people who are still pending, on a person's decision.

The plan is paused first, so that nothing is claimed and requests under way end. New files are written beside the plan's:
the corrected content, and parts with the slot values of the pending people, their rows in the same places. One transaction
then moves the pending chunks to the new files under a new fence, and keeps the decision. Chunks that were sent or are in
doubt keep the old content. A process that ends before the transaction leaves the plan paused with its old content, and the
decision can be repeated.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.core import clock
from include.core.campaign import Campaign
from include.core.durable import file_sha256, sync_file, write_durably
from include.core.errors import CampaignRunning, PlanError
from include.dispatch.content import Content, SlotFiller, link_slots
from include.dispatch.plan import approval
from include.dispatch.plan.chunking import Chunking, read_people
from include.dispatch.plan.contents import compile_contents, content_hash, contents_as_data, published, with_products
from include.dispatch.plan.freeze import PlanRequest
from include.dispatch.plan.writer import group_runs
from include.dispatch.plan_files import (
    NEXT_MANIFEST,
    WIRE_COLUMNS,
    PlanReader,
    parse_selection,
    settle_manifest,
    slot_columns,
)
from include.dispatch.product_rows import shared_rows
from include.ledger import chunks, correction, decisions, pending, plans
from include.ledger.chunk import Chunk, Plan
from include.ledger.correction import Moved
from include.ledger.database import Ledger
from include.ledger.decisions import Decision
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse, run

log = logging.getLogger(__name__)

REASON = "its content is being replaced"
GONE = "not in the warehouse when the content was replaced"
WAIT_SECONDS = chunks.LEASE_SECONDS + 30
POLL_SECONDS = 0.5
LAST = 2**31 - 1
Gone = dict[int, list[chunks.Outcome]]
"""People whom the warehouse lacks, by chunk."""
_SPANS = pa.schema([("root", pa.int32()), ("first", pa.int32()), ("stop", pa.int32()), ("locale", pa.string())])


@dataclass(frozen=True)
class Corrected:
    """The new contents by their names in the plan, the fillers of their slots, and the links of each."""

    number: int
    hash: str
    contents: Mapping[str, Content]
    fillers: Mapping[str, SlotFiller]
    data: Mapping[str, Mapping[str, Any]]

    @property
    def width(self) -> int:
        """The number of slot columns."""
        return max(filler.width for filler in self.fillers.values())

    @property
    def nobody(self) -> pa.Table:
        """Slot values of nobody."""
        return pa.table({name: pa.array([], pa.string()) for name in ("message_key", *slot_columns(self.width))})

    def name(self, content: str) -> str:
        """The content id of a chunk after the correction: `only.en.tracked` becomes `only.en.r1.tracked`."""
        return f"{base_name(content)}.r{self.number}.{content.rpartition('.')[2]}"

    def file(self, name: str) -> str:
        """The name of a part after the correction: `part-0003.parquet` becomes `part-0003.r1.parquet`."""
        return f"{name.partition('.')[0]}.r{self.number}.parquet"


def replace_content(
    stores: Stores, campaign: Campaign, *, occurrence: str, edge_url: str, by: str, note: str = ""
) -> dict[str, Any]:
    """Send the campaign's present content to those of the plan who are still pending; returns what changed.

    Raises `PlanError` if there is nothing to replace or somebody's variant or language is no longer there, `NotApproved` if
    the campaign needs an approval and this content has none, `CampaignRunning` (retryable) while requests are under way.
    Then nothing is changed, except that the plan may be paused.
    """
    plan = _plan(stores.ledger, campaign.id, occurrence)
    folder = stores.paths.root / plan.folder
    settle_manifest(folder, plan.manifest_sha256)
    corrected = _compile(stores, campaign, plan, edge_url)
    approval.require(stores.ledger, campaign, corrected.contents, occurrence)
    _require_contents(campaign, corrected, pending.pending_chunks(stores.ledger, plan.plan_id, 0, LAST))
    waiting = _hold(stores.ledger, plan, by, note)
    _require_contents(campaign, corrected, waiting)
    with open_warehouse(stores.paths) as warehouse:
        reader = _select(warehouse, folder, plan, waiting)
        corrected = _with_products(stores, warehouse, campaign, plan, corrected, edge_url)
        moved, gone = _write(stores, warehouse, reader, plan, corrected, waiting, edge_url)
    manifest = _write_manifest(folder, corrected, moved)
    people = sum(chunk.recipients for chunk in waiting)
    details = {"old_hash": plan.content_hash, "new_hash": corrected.hash, "chunks": len(waiting), "people": people}
    decision = Decision(
        "replace_content",
        by,
        note,
        {**details, "revision": corrected.number, "not_in_the_warehouse": sum(map(len, gone.values()))},
    )
    correction.commit(stores.ledger, plan.plan_id, decision, corrected.hash, manifest, moved, gone, while_paused=REASON)
    settle_manifest(folder, manifest)
    log.warning("%s %s: content replaced for %d pending people", plan.campaign, plan.occurrence, people)
    return {"plan_id": plan.plan_id, "campaign": plan.campaign, "occurrence": plan.occurrence, **decision.details}


def base_name(content: str) -> str:
    """`variant.locale` of a content id, whichever revision it is of."""
    return ".".join(content.split(".")[:2])


def _plan(ledger: Ledger, campaign: str, occurrence: str) -> Plan:
    plan = plans.find_plan(ledger, plans.plan_id_of(campaign, occurrence))
    where = f"{campaign} {occurrence}"
    if plan is None:
        raise PlanError("has no plan.", where=where, remedy="Check the occurrence, for example 2026-W48.")
    if plan.state not in ("sending", "stopped", "paused"):
        raise PlanError(f"is {plan.state}: nobody is pending.", where=where, remedy="Plan another occurrence.")
    if plan.state == "paused" and not plan.is_stopped_by_operator:
        raise PlanError(
            f"is paused ({plan.stop_reason}).",
            where=where,
            remedy="Resume it first, when the cause is fixed: docs/runbook/.",
        )
    return plan


def _compile(stores: Stores, campaign: Campaign, plan: Plan, edge_url: str) -> Corrected:
    contents = compile_contents(campaign)
    found = content_hash(campaign, contents)
    if found == plan.content_hash:
        raise PlanError(
            "is frozen with exactly this content.", where=f"{plan.campaign} {plan.occurrence}",
            remedy="Edit the template or the campaign file first; or resume the plan.",
        )  # fmt: skip
    number = 1 + sum(one.action == "replace_content" for one in decisions.of_plan(stores.ledger, plan.plan_id))
    return _corrected(stores, campaign, plan, edge_url, number, found, contents)


def _with_products(
    stores: Stores, warehouse: duckdb.DuckDBPyConnection, campaign: Campaign, plan: Plan, corrected: Corrected, edge_url: str
) -> Corrected:
    """The same with the products of the people in temp table `audience`, where the mail shows any."""
    if not any(content.product_lists for content in corrected.contents.values()):
        return corrected
    contents = with_products(campaign, corrected.contents, lambda lists: shared_rows(warehouse, lists))
    return _corrected(stores, campaign, plan, edge_url, corrected.number, corrected.hash, contents)


def _corrected(
    stores: Stores, campaign: Campaign, plan: Plan, edge_url: str, number: int, found: str, contents: Mapping[str, Content]
) -> Corrected:
    contents = published(stores.paths, contents, edge_url)
    links = {name: link_slots(content, edge_url, name.partition(".")[2]) for name, content in contents.items()}
    fillers = {name: SlotFiller(content, links[name]) for name, content in contents.items()}
    request = PlanRequest(campaign, plan.occurrence, plan.kind, edge_url, clock.now())
    data = contents_as_data(contents, links, request.edge_url, request.mark)
    settings = campaign.model_dump_json()
    return Corrected(number, found, contents, fillers, {name: {**data[name], "settings": settings} for name in data})


def _hold(ledger: Ledger, plan: Plan, by: str, note: str) -> list[Chunk]:
    """Pause the plan, wait until no request is under way, and return the chunks that are pending then."""
    decision = Decision("pause", by, note, {"for": "replace_content"})
    states = ("sending", "stopped", "paused")
    if not plans.change_state(ledger, plan.plan_id, "paused", from_states=states, reason=REASON, decision=decision):
        raise CampaignRunning("changed its state at the same time.", where=f"plan {plan.plan_id}", remedy="Try again.")
    end = time.monotonic() + WAIT_SECONDS
    chunks.recover(ledger, plan.plan_id)
    while chunks.open_intents(ledger, plan.plan_id):
        if time.monotonic() > end:
            raise CampaignRunning(
                "has requests under way.", where=f"plan {plan.plan_id}", remedy="Try again when they have ended."
            )
        time.sleep(POLL_SECONDS)
        chunks.recover(ledger, plan.plan_id)
    waiting = pending.pending_chunks(ledger, plan.plan_id, 0, LAST)
    if not waiting:
        raise PlanError("has nobody pending.", where=f"plan {plan.plan_id}", remedy="Nothing is left to send.")
    return waiting


def _require_contents(campaign: Campaign, corrected: Corrected, waiting: list[Chunk]) -> None:
    missing = {base_name(chunk.content) for chunk in waiting} - set(corrected.contents)
    if missing:
        raise PlanError(
            f"has no content any more for pending people of {', '.join(sorted(missing))} (variant and language).",
            where=f"{campaign.id}.yaml", remedy="Keep the plan's variants and languages, and replace the content again.",
        )  # fmt: skip


def _select(warehouse: duckdb.DuckDBPyConnection, folder: Path, plan: Plan, waiting: list[Chunk]) -> PlanReader:
    """Write the people of the waiting chunks to temp table `audience`, with their mail groups."""
    reader = PlanReader(folder, plan.manifest_sha256)
    spans = [{"root": chunk.root, "locale": base_name(chunk.content).partition(".")[2], **span} for chunk in waiting
             for span in _spans(chunk)]  # fmt: skip
    warehouse.register("pending_spans", pa.Table.from_pylist(spans, schema=_SPANS))
    run(warehouse, "dispatch", "audience_pending", {"audience_file": str(reader.audience())})
    warehouse.unregister("pending_spans")
    run(warehouse, "dispatch", "mail_groups", {"by_zone": False, "engaged_days": 0, "warm_days": 0})
    return reader


def _write(
    stores: Stores, warehouse: duckdb.DuckDBPyConnection, reader: PlanReader, plan: Plan, corrected: Corrected,
    waiting: list[Chunk], edge_url: str,
) -> tuple[list[Moved], Gone]:  # fmt: skip
    """Write the parts of all waiting chunks; returns where each chunk is now, and the people whom the warehouse lacks."""
    filled = _filled(stores, warehouse, plan, corrected, waiting, edge_url)
    moved, gone = list[Moved](), Gone()
    ordered = sorted(waiting, key=lambda chunk: (chunk.root, chunk.chunk))
    for file, some in groupby(ordered, key=lambda chunk: chunk.file):
        theirs = list(some)
        gone |= _write_part(reader, reader.folder, file, corrected, theirs, filled)
        moved += [Moved(chunk.chunk, corrected.file(file), corrected.name(chunk.content)) for chunk in theirs]
    return moved, gone


def _spans(chunk: Chunk) -> list[dict[str, int]]:
    if chunk.selection is None:
        return [{"first": 0, "stop": chunk.root_size}]
    pairs = [span.split(":") for span in chunk.selection.split(",") if span]
    return [{"first": int(first), "stop": int(stop)} for first, stop in pairs]


class _Filled:
    """The slot values of the pending people by root chunk, read from the warehouse in the order of the chunks."""

    def __init__(self, runs: Iterator[tuple[int, pa.Table]]) -> None:
        self._runs = runs
        self._next = next(runs, None)

    def of_root(self, root: int) -> pa.Table | None:
        """All rows of a root chunk; None if the warehouse has none of its people. Roots are asked for in order."""
        found = []
        while self._next is not None and self._next[0] <= root:
            if self._next[0] == root:
                found.append(self._next[1])
            self._next = next(self._runs, None)
        return pa.concat_tables(found) if found else None


def _filled(
    stores: Stores,
    warehouse: duckdb.DuckDBPyConnection,
    plan: Plan,
    corrected: Corrected,
    waiting: list[Chunk],
    edge_url: str,
) -> _Filled:
    content_of = {chunk.root: base_name(chunk.content) for chunk in waiting}
    roots = [int(root) for (root,) in warehouse.execute("select variant from mail_groups order by mail_group").fetchall()]
    planned = Campaign.model_validate_json(plan.settings)
    confirm_until = int(plan.planned_at + planned.confirm_within_days * 86_400)
    columns = {"mail_group", "message_key"}.union(*(filler.fields for filler in corrected.fillers.values()))
    people = read_people(warehouse, stores.secrets, Chunking(False, [], confirm_until), edge_url, columns)

    def runs() -> Iterator[tuple[int, pa.Table]]:
        for batch in people:
            for group, rows in group_runs(batch):
                values = [value.cast(pa.string()) for value in corrected.fillers[content_of[roots[group]]].fill(rows)]
                empty = [pa.nulls(rows.num_rows, pa.string())] * (corrected.width - len(values))
                named = dict(zip(slot_columns(corrected.width), [*values, *empty], strict=True))
                yield roots[group], pa.table({"message_key": rows["message_key"], **named})

    return _Filled(runs())


def _write_part(
    reader: PlanReader, folder: Path, file: str, corrected: Corrected, theirs: list[Chunk], filled: _Filled
) -> Gone:
    """Write one part again: the same people in the same places, with the new values of those who are pending."""
    table = reader.table(file)
    values = [found for root in dict.fromkeys(chunk.root for chunk in theirs) if (found := filled.of_root(root))]
    known = pa.concat_tables(values) if values else corrected.nobody
    places = {chunk.chunk: _places(chunk) for chunk in theirs}
    at = np.full(table.num_rows, -1)
    at[np.concatenate(list(places.values()))] = 0
    found = pc.index_in(table["message_key"], value_set=known["message_key"].combine_chunks())
    source = pc.if_else(pa.array(at == 0), found, pa.scalar(None, pa.int32()))
    wire = table.select([name for name in WIRE_COLUMNS if name in table.column_names])
    for name in slot_columns(corrected.width):
        wire = wire.append_column(name, known[name].combine_chunks().take(source).fill_null(""))
    path = folder / corrected.file(file)
    pq.write_table(wire, path, compression="lz4", use_dictionary=slot_columns(corrected.width), write_statistics=False)
    sync_file(path)
    lost = source.is_null().to_numpy(zero_copy_only=False)
    return {chunk.chunk: gone for chunk in theirs if (gone := _gone(table, chunk, places[chunk.chunk], lost))}


def _places(chunk: Chunk) -> np.ndarray:
    """The rows of a chunk's people in its file."""
    return chunk.first_row + np.asarray(parse_selection(chunk.selection, chunk.root_size), dtype=np.int64)


def _gone(table: pa.Table, chunk: Chunk, places: np.ndarray, lost: np.ndarray) -> list[chunks.Outcome]:
    missing = places[lost[places]].tolist()
    keys = table["message_key"]
    return [chunks.Outcome(keys[place].as_py(), place - chunk.first_row, "skipped", GONE) for place in missing]


def _write_manifest(folder: Path, corrected: Corrected, moved: list[Moved]) -> str:
    """Write the contents and the next manifest durably; returns its sha256. The present manifest stays in force."""
    name = f"contents.r{corrected.number}.json"
    contents = {f"{content}.r{corrected.number}": data for content, data in corrected.data.items()}
    write_durably(folder / name, orjson.dumps(contents, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    hashes: dict[str, str] = orjson.loads((folder / "manifest.json").read_bytes())
    for fresh in sorted({name, *(one.file for one in moved)}):
        hashes[fresh] = file_sha256(folder / fresh)
    write_durably(folder / NEXT_MANIFEST, orjson.dumps(hashes, option=orjson.OPT_INDENT_2))
    return file_sha256(folder / NEXT_MANIFEST)
