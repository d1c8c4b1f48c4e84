"""Plays a week through the stages, each by the function that its task in the DAGs calls."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from demo_past.environment import set_clocks
from demo_past.services import SimulatedAccount
from demo_past.shop import write_shop
from demo_past.timetable import MONTHLY, WEEKLY, Send, Week
from include.analyze.marts import build_day
from include.collect.doubt import resolve_doubt
from include.collect.load import load_spool
from include.collect.provider_totals import fetch_totals
from include.collect.suppress import suppress_from_events
from include.collect.sync_suppressions import sync_suppressions
from include.core import occurrence
from include.core.campaign_fields import Pace
from include.core.paths import DataPaths
from include.dispatch.account.record import record_sends
from include.dispatch.account.settle import settle
from include.dispatch.plan import freeze
from include.dispatch.plan.split import Part
from include.dispatch.send import sender
from include.extract.land import land
from include.extract.sources import relations
from include.ledger.stores import Stores
from include.segment.build import build_segments
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from include.warehouse.connection import open_warehouse, run

log = logging.getLogger(__name__)

RUN = "simulated__{:%Y-%m-%dT%H}"
"""The run id of an ingest and of segments: what is not of Airflow says so."""
OVERLAP = timedelta(hours=1)
AUDIENCE_SHARE = 2_500
"""Of 10,000: each newsletter goes to a random part of its readers, another one every week, for speed."""
EDGE_URL = "https://mail.tradewind.example"
RECIPIENTS_TAKE = timedelta(minutes=10)
"""From the last send of a day to the last action of its recipients, which takes less than two minutes."""


def play_week(stores: Stores, simulated: SimulatedAccount, shop: Path, week: Week, since: datetime | None) -> None:
    """extract → validate → segment at the beginning, dispatch and collect on each day with a send, analyze at the end.

    `since` is the beginning of the week before; None for the first week, which reads the whole shop.
    """
    set_clocks(week.at)
    _ingest(stores.paths, shop, week.at, since)
    build_segments(stores.paths, segment_run=RUN.format(week.at), as_of=week.at)
    for day in week.days:
        for send in day:
            set_clocks(send.at)
            _dispatch(stores, simulated, send)
        set_clocks(day[-1].at + RECIPIENTS_TAKE)
        simulated.finish_recipients()
        _collect(stores, simulated)
    set_clocks(week.night)
    fetch_totals(simulated.account, stores.paths)
    build_day(stores.paths, as_of=week.night)


def record_past(paths: DataPaths, weeks: Sequence[Week]) -> None:
    """Note in the warehouse, and so in the published file, which days are simulated."""
    first, last = weeks[0], weeks[-1]
    with open_warehouse(paths) as warehouse:
        run(warehouse, "analyze", "simulated_past_insert", {"began_at": first.at, "ended_at": last.night})


def _ingest(paths: DataPaths, whole: Path, at: datetime, since: datetime | None) -> None:
    """Ingest the shop as it was at a time: what has changed since the week before, else all of it."""
    then = paths.root / "shop_then.sqlite"
    write_shop(whole, then, at)
    source, start = f"sqlite:///{then}", since - OVERLAP if since else None
    manifests = [land(paths, source, name, run=RUN.format(at), since=start) for name in relations(source)]
    then.unlink()
    for manifest in manifests:
        validate_batch(paths, manifest)
    for manifest in manifests:
        merge_batch(paths, manifest)


def _dispatch(stores: Stores, simulated: SimulatedAccount, send: Send) -> None:
    """Plan, send and settle a campaign. It is not paced: the clock is set, and nobody waits for it."""
    campaign = send.campaign.model_copy(update={"pace": Pace()})
    period = occurrence.occurrence_of(campaign, send.at)
    planned = freeze.freeze(
        stores, campaign, occurrence=period, edge_url=EDGE_URL, at=send.at, part=_part(campaign.id, period),
        is_running=(WEEKLY, *MONTHLY).__contains__,
    )  # fmt: skip
    for chunks in sender.ranges(stores.ledger, planned["plan_id"]):
        sender.send_range(stores, simulated.account, **chunks)
    simulated.start_recipients()
    log.info("%s %s: %s", campaign.id, period, settle(stores.ledger, planned["plan_id"]))


def _part(campaign: str, period: str) -> Part | None:
    if campaign != WEEKLY:
        return None
    return {"campaign": campaign, "occurrence": period, "test_share": AUDIENCE_SHARE, "is_rest": False}


def _collect(stores: Stores, simulated: SimulatedAccount) -> None:
    """What collect_engagement does; nobody is alerted of the past."""
    record_sends(stores)
    load_spool(stores.paths)
    suppress_from_events(stores)
    resolve_doubt(stores)
    sync_suppressions(stores, simulated.account)
    record_sends(stores)
