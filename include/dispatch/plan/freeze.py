"""Freezes the plan of a campaign and occurrence before the first request.

One ledger transaction writes the plan with all its chunks, UNIQUE per campaign and occurrence. A second run finds it and
never runs the audience query again.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NotRequired, Protocol

import duckdb
import pyarrow as pa
from sqlalchemy import Connection

from include.core.campaign import Campaign
from include.core.campaign_fields import Pace
from include.core.errors import CampaignStopped, ContentChanged, StoppedByOperator
from include.core.secrets import Secrets
from include.dispatch.account import record
from include.dispatch.content import Content, SlotFiller, link_slots
from include.dispatch.content.products import ProductRows
from include.dispatch.journal import require_no_requests
from include.dispatch.plan import approval
from include.dispatch.plan.audience import Audience, AudienceCounts
from include.dispatch.plan.chunking import BATCH_ROWS, Chunking, cut_into_chunks, read_people
from include.dispatch.plan.contents import (
    checked_contents,
    compile_contents,
    content_hash,
    contents_as_data,
    published,
    with_products,
)
from include.dispatch.plan.live_audience import IsRunning, always, select_segment
from include.dispatch.plan.split import Part
from include.dispatch.plan.tracing import traced
from include.dispatch.plan.writer import (
    COLUMNS,
    PlanWriter,
    chunk_rows,
    write_chunks,
    write_contents,
    write_manifest,
    write_other_addresses,
)
from include.dispatch.product_rows import shared_rows
from include.ledger import counts, plans
from include.ledger.chunk import Plan
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse, run

log = logging.getLogger(__name__)

TEST_MARK = "[TEST] "
"""Before the subject of a test send."""


class PlannedPeople(Protocol):
    """The people of a plan. `read` returns the planned ones in the order of the chunks, with at least the given columns."""

    @property
    def audience(self) -> Audience: ...

    @property
    def chunking(self) -> Chunking: ...

    def read(self, columns: Iterable[str]) -> Iterable[pa.RecordBatch]: ...

    def not_planned(self) -> pa.RecordBatchReader: ...

    def other_addresses(self) -> pa.Table: ...

    def products(self, lists: Iterable[str]) -> ProductRows: ...


AudienceQuery = Callable[[duckdb.DuckDBPyConnection], Audience]
Select = Callable[[duckdb.DuckDBPyConnection], PlannedPeople]
Permit = Callable[[Mapping[str, Content]], None]
"""Raises if these contents may not be sent."""


class FrozenPlan(AudienceCounts):
    """The result of planning. `found`: an earlier run froze it and `pending` people are left; else it has `chunks`."""

    plan_id: str
    found: bool
    chunks: NotRequired[int]
    pending: NotRequired[int]


@dataclass(frozen=True)
class PlanRequest:
    """The parameters of a plan. `edge_url` is the public base URL of unsubscribe links, https (RFC 8058).

    The subject of a test says so, unless it is not `marked`.
    """

    campaign: Campaign
    occurrence: str
    kind: str
    edge_url: str
    at: datetime
    marked: bool = True

    @property
    def plan_id(self) -> str:
        return plans.plan_id_of(self.campaign.id, self.occurrence, self.kind)

    @property
    def folder(self) -> str:
        return f"plans/{self.campaign.id}/{self.occurrence}"

    @property
    def mark(self) -> str:
        """What begins the subject: `[TEST]` of a test, else nothing."""
        return TEST_MARK if self.kind == plans.TEST and self.marked else ""

    @property
    def settings(self) -> Campaign:
        """What the sender obeys: the campaign; in a test, without anything that counts for it, or delays its mail."""
        if self.kind != plans.TEST:
            return self.campaign
        arms = tuple(variant.model_copy(update={"send_window": None}) for variant in self.campaign.variants)
        none = {
            "categories": (),
            "topic": None,
            "pace": Pace(),
            "send_window": None,
            "quiet_hours": None,
            "asm_group_id": None,
        }
        return self.campaign.model_copy(update={"id": plans.TEST, "variants": arms, **none})


@dataclass(frozen=True)
class SegmentPeople:
    """The people of temp table `audience` of a warehouse."""

    warehouse: duckdb.DuckDBPyConnection
    secrets: Secrets
    edge_url: str
    audience: Audience
    chunking: Chunking

    def read(self, columns: Iterable[str]) -> pa.RecordBatchReader:
        return read_people(self.warehouse, self.secrets, self.chunking, self.edge_url, columns)

    def not_planned(self) -> pa.RecordBatchReader:
        return run(self.warehouse, "dispatch", "audience_not_planned").to_arrow_reader(BATCH_ROWS)

    def other_addresses(self) -> pa.Table:
        return fetch(self.warehouse, "dispatch", "other_addresses")

    def products(self, lists: Iterable[str]) -> ProductRows:
        return shared_rows(self.warehouse, lists)


def freeze(
    stores: Stores, campaign: Campaign, *,
    occurrence: str, edge_url: str, at: datetime, part: Part | None = None, approved_as: Campaign | None = None,
    is_running: IsRunning = always,
) -> FrozenPlan:  # fmt: skip
    """Find the live plan of `campaign` at `occurrence`, or freeze it now, for the whole audience or a part.

    Raises `PlanError` (segment, template, sender), `NotApproved` if the campaign needs an approval of this and has none, or
    `ContentChanged` if the plan was frozen with other content and is not finished. Nothing is sent in any of these cases.
    `approved_as` is the campaign of the file, which was approved, if `campaign` has only some of its variants.
    """
    request = PlanRequest(campaign, occurrence, plans.LIVE, edge_url, at)

    def select_audience(warehouse: duckdb.DuckDBPyConnection) -> Audience:
        return select_segment(
            warehouse, stores.ledger, campaign, occurrence=occurrence, at=at, part=part, is_running=is_running
        )

    def permit(contents: Mapping[str, Content]) -> None:
        whole = compile_contents(approved_as) if approved_as else contents
        approval.require(stores.ledger, approved_as or campaign, whole, occurrence)

    return freeze_request(stores, request, lambda warehouse: _selected(warehouse, stores, request, select_audience), permit)


def freeze_request(
    stores: Stores, request: PlanRequest, select: Select, permit: Permit = lambda _contents: None
) -> FrozenPlan:
    """Find the plan of `request`, or freeze one for the people that `select` returns, if `permit` allows its contents."""
    return traced(request, lambda: _found_or_frozen(stores, request, select, permit))


def _found_or_frozen(stores: Stores, request: PlanRequest, select: Select, permit: Permit) -> FrozenPlan:
    found = plans.find_plan(stores.ledger, request.plan_id)
    if found is None:
        contents = checked_contents(request.campaign)
        permit(contents)
        with open_warehouse(stores.paths) as warehouse:
            record.record_into(warehouse, stores)
            fresh = _freeze_now(stores, request, contents, lambda: select(warehouse))
        if fresh is not None:
            return fresh
        found = plans.find_plan(stores.ledger, request.plan_id)
        assert found is not None
    return _resume(stores.ledger, found, request.campaign, permit)


def freeze_contents(stores: Stores, request: PlanRequest, contents: Mapping[str, Content], people: PlannedPeople) -> None:
    """Freeze a plan of contents that the caller compiled, unless `request` has a plan already, whatever it says."""

    def frozen() -> FrozenPlan | None:
        with open_warehouse(stores.paths):  # Whoever holds its lock may write the folder of a plan.
            return _freeze_now(stores, request, contents, lambda: people)

    traced(request, frozen)


def freeze_together(
    warehouse: duckdb.DuckDBPyConnection,
    stores: Stores,
    request: PlanRequest,
    select_audience: AudienceQuery,
    together: Callable[[Connection], None],
) -> FrozenPlan | None:
    """Freeze a plan on an open warehouse, with more that `together` writes in the plan's transaction.

    Returns None if the plan exists, in which case `together` wrote nothing.
    """
    contents = checked_contents(request.campaign)

    def select() -> SegmentPeople:
        return _selected(warehouse, stores, request, select_audience)

    return traced(request, lambda: _freeze_now(stores, request, contents, select, together))


def _selected(
    warehouse: duckdb.DuckDBPyConnection, stores: Stores, request: PlanRequest, select_audience: AudienceQuery
) -> SegmentPeople:
    """The people whom `select_audience` leaves in temp table `audience`, cut into chunks."""
    audience = select_audience(warehouse)
    chunking = cut_into_chunks(warehouse, request.campaign, request.at)
    return SegmentPeople(warehouse, stores.secrets, request.edge_url, audience, chunking)


def _freeze_now(
    stores: Stores,
    request: PlanRequest,
    contents: Mapping[str, Content],
    select: Callable[[], PlannedPeople],
    together: Callable[[Connection], None] = lambda _connection: None,
) -> FrozenPlan | None:
    """Write the plan's files, then its transaction; None if another process was first."""
    if plans.find_plan(stores.ledger, request.plan_id) is not None:
        return None
    people = select()
    audience, content_hash_of_all = people.audience, content_hash(request.campaign, contents)
    contents = published(stores.paths, with_products(request.campaign, contents, people.products), request.edge_url)
    log.info("%s %s: %s", request.campaign.id, request.occurrence, audience.counts())
    folder = _fresh_folder(stores.paths.root / request.folder)
    chunks = list(chunk_rows(people.chunking.chunks))
    links = {name: link_slots(content, request.edge_url, name.partition(".")[2]) for name, content in contents.items()}
    _write_people(folder, people, {name: SlotFiller(content, links[name]) for name, content in contents.items()})
    write_other_addresses(folder, people.other_addresses())
    write_chunks(folder, chunks)
    write_contents(folder, contents_as_data(contents, links, request.edge_url, request.mark))
    row = _plan_row(request, audience, content_hash_of_all, write_manifest(folder))
    states = ({**chunk, "plan_id": request.plan_id, "state": "pending"} for chunk in chunks)
    if not plans.freeze_plan(stores.ledger, row, states, together):
        return None
    return {
        "plan_id": request.plan_id,
        "found": False,
        "chunks": len(chunks),
        "selected": audience.selected,
        "planned": audience.planned,
        "suppressed": audience.suppressed,
        "capped": audience.capped,
        "held_out": audience.held_out,
    }


def _write_people(folder: Path, people: PlannedPeople, fillers: Mapping[str, SlotFiller]) -> None:
    """Fill the slots of all planned people; write the parts and the audience file."""
    fields = frozenset[str]().union(*(filler.fields for filler in fillers.values()))
    most = max(filler.width for filler in fillers.values())
    with PlanWriter(folder, with_tracking_variants(fillers), most) as writer:
        writer.write_people(people.read({*COLUMNS, *fields}), people.chunking)
        writer.write_not_planned(people.not_planned())


def with_tracking_variants(fillers: Mapping[str, SlotFiller]) -> dict[str, SlotFiller]:
    """The fillers by the chunks' content ids: `variant.locale.tracked` and `….untracked`."""
    return {f"{name}.{way}": filler for name, filler in fillers.items() for way in ("tracked", "untracked")}


def _plan_row(request: PlanRequest, audience: Audience, content: str, manifest: str) -> dict[str, Any]:
    return {
        "plan_id": request.plan_id,
        "campaign": request.campaign.id,
        "occurrence": request.occurrence,
        "kind": request.kind,
        "state": "sending",
        "settings": request.settings.model_dump_json(),
        "segment_run": audience.segment_run,
        "content_hash": content,
        "folder": request.folder,
        "manifest_sha256": manifest,
        "suppressions_seen": audience.suppressions_seen,
        "planned_at": request.at.timestamp(),
        **audience.counts(),
    }


def _fresh_folder(folder: Path) -> Path:
    """Create an empty folder. Files left by a crash are removed: the ledger has no plan, and we hold the warehouse's lock.

    Raises `LedgerBehindJournal` if requests were made from the folder, since then the ledger has lost the plan.
    """
    if folder.exists():
        require_no_requests(folder)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _resume(ledger: Ledger, plan: Plan, campaign: Campaign, permit: Permit) -> FrozenPlan:
    """Resume an existing plan: lift a stop that SendGrid caused, refuse a plan that an operator paused or cancelled.

    A plan that was frozen when nobody had to approve it is refused too, if the campaign needs an approval now.
    """
    with ledger.read() as connection:
        people = counts.tally(connection, plan.plan_id)
    if people.pending and plan.state in ("paused", "cancelled"):
        raise (StoppedByOperator if plan.is_stopped_by_operator else CampaignStopped)(
            f"the campaign is {plan.state}{' (' + plan.stop_reason + ')' if plan.stop_reason else ''}.",
            where=f"{plan.campaign} {plan.occurrence}",
            remedy=f"{people.pending} people are pending. Resume it as described in docs/runbook/pause-resume-cancel.md.",
        )
    if people.pending:
        _require_same_content(plan, campaign, people.pending, permit)
    plans.change_state(ledger, plan.plan_id, "sending", from_states=("stopped",))
    return {
        "plan_id": plan.plan_id,
        "found": True,
        "pending": people.pending,
        "selected": plan.selected,
        "planned": plan.planned,
        "suppressed": plan.suppressed,
        "capped": plan.capped,
        "held_out": plan.held_out,
    }


def _require_same_content(plan: Plan, campaign: Campaign, pending: int, permit: Permit) -> None:
    contents = compile_contents(campaign)
    if content_hash(campaign, contents) != plan.content_hash:
        raise ContentChanged(
            f"the template or campaign was edited after the plan was frozen; {pending} people are still pending.",
            where=f"{plan.campaign} {plan.occurrence}",
            remedy="Restore the content as it was, or decide in the DAG control_campaign: replace_content sends the new one "
            "to those who are pending, cancel ends the plan (docs/runbook/campaign-stopped.md).",
        )
    if not approval.is_covered(plan, campaign):
        permit(contents)
