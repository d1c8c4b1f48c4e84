"""What a shop of a size takes: disk, CPU, memory, requests and hosts, from measured costs of a person, a message, an event.

Only formulae; the costs are in unit_costs.yaml, as `python -m benchmarks.footprint --write` measured them. What it takes at
SendGrid (IP addresses, warm-up, hours of a send, cost) is in capacity.py. docs/capacity.md explains both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

UNIT_COSTS = Path(__file__).with_name("unit_costs.yaml")
DAYS_A_WEEK, DAYS_A_YEAR = 7, 365.25
BATCH = 1_000
"""Messages of one request to SendGrid, at most."""
POST_BYTES, POSTED_EVENT = 768 * 1024, 450
"""A webhook post of SendGrid, at most; and an event in it, about."""
BUSY = 0.5
"""Of a core, what a plan may count on: the rest is for peaks, for the system, and for the wrong side of an estimate."""
SHARED_MB = 3_000
"""Airflow's processes (scheduler, API server, triggerer, dag processor) and the edge: measured on the demo shop."""
MEMORY_A_PERSON = 400
"""Bytes that DuckDB wants for a person when segments are built; with less it spills, which takes longer."""
TASK_MB = 1_600
"""The most that any task took at DuckDB's default limit of 1,200 MB."""


@dataclass(frozen=True)
class UnitCosts:
    """Measured: bytes that one more takes in a store, and microseconds of CPU that one more takes in a stage.

    Stages of a night have a part for everybody on the list, whether or not anything is new (`…_person`), and one for what
    is new.
    """

    landed_subscriber: float
    landed_purchase: float
    warehouse_subscriber: float
    warehouse_purchase: float
    warehouse_features: float
    warehouse_message: float
    warehouse_event: float
    warehouse_marts_event: float
    ledger_message: float
    plan_message: float
    spool_event: float
    published_person: float
    published_event: float
    cpu_ingest_subscriber: float
    cpu_ingest_purchase: float
    cpu_segments_person: float
    cpu_plan_message: float
    cpu_send_message: float
    cpu_collect_event: float
    cpu_analyze_person: float
    cpu_analyze_event: float
    cpu_publish_person: float
    cpu_publish_event: float


@dataclass(frozen=True)
class Shop:
    """What is to be served, and how long it is kept; the defaults are those of a usual shop.

    `events_a_message` are different events, each of which comes `deliveries` times. The whole list is read and kept once a
    day (`include/extract/watermark.py`); what is read in between is neglected. Days and builds are those of
    include/retention.yaml. A send takes `send_hours`, what comes between two days `night_hours`.
    """

    people: int
    sends_a_week: float
    send_hours: float = 4
    purchases_a_year: float = 1.5
    events_a_message: float = 2.5
    deliveries: float = 3
    years: float = 3
    landed_days: int = 90
    plan_days: int = 90
    spool_days: int = 180
    builds: int = 9
    night_hours: float = 4


@dataclass(frozen=True)
class Resources:
    """Bytes by store after `years`; seconds of CPU of an average day by stage; what runs at once; cores and memory."""

    bytes_by_store: Mapping[str, float]
    cpu_by_stage: Mapping[str, float]
    requests_a_day: float
    events_a_day: float
    posts_a_day: float
    messages_per_second: float
    send_cores: int
    night_cores: int
    warehouse_memory_mb: int

    @property
    def bytes(self) -> float:
        """All stores together."""
        return sum(self.bytes_by_store.values())

    @property
    def cores(self) -> int:
        """Cores of the one host, or of all hosts: sends and the night may come together."""
        return max(2, self.send_cores + self.night_cores)

    @property
    def memory_mb(self) -> int:
        """Memory: Airflow and edge, one task at the warehouse, and a task for each core that sends."""
        return SHARED_MB + max(TASK_MB, self.warehouse_memory_mb) + TASK_MB // 4 * self.send_cores


@cache
def unit_costs(path: Path = UNIT_COSTS) -> UnitCosts:
    """The measured costs. Raises TypeError if the file lacks one or has another."""
    return UnitCosts(**yaml.safe_load(path.read_text())["costs"])


def resources(shop: Shop, costs: UnitCosts) -> Resources:
    """What a shop takes."""
    messages = shop.people * shop.sends_a_week / DAYS_A_WEEK
    events = messages * shop.events_a_message
    night = _night(shop, costs, events)
    sending = messages * costs.cpu_send_message / 1e6
    rate = shop.people / (shop.send_hours * 3_600)
    cpu = {**night, "plan": messages * costs.cpu_plan_message / 1e6, "send": sending}
    return Resources(
        bytes_by_store=stored(shop, costs),
        cpu_by_stage=cpu,
        requests_a_day=math.ceil(shop.people / BATCH) * shop.sends_a_week / DAYS_A_WEEK,
        events_a_day=events,
        posts_a_day=events * shop.deliveries * POSTED_EVENT / POST_BYTES,
        messages_per_second=rate,
        send_cores=max(1, math.ceil(rate * costs.cpu_send_message / 1e6 / BUSY)),
        night_cores=max(1, math.ceil(sum(night.values()) / (shop.night_hours * 3_600) / BUSY)),
        warehouse_memory_mb=math.ceil(shop.people * MEMORY_A_PERSON / 1e6),
    )


def stored(shop: Shop, costs: UnitCosts) -> dict[str, float]:
    """Bytes by store, after `years`."""
    messages = shop.people * shop.sends_a_week / DAYS_A_WEEK
    purchases = shop.people * shop.purchases_a_year * shop.years
    kept = shop.years * DAYS_A_YEAR
    events = messages * shop.events_a_message
    build = shop.people * costs.published_person + events * kept * costs.published_event
    return {
        "landed": shop.landed_days * (shop.people * costs.landed_subscriber + purchases * costs.landed_purchase),
        "warehouse": shop.people * (costs.warehouse_subscriber + costs.warehouse_features)
        + purchases * costs.warehouse_purchase
        + messages * kept * costs.warehouse_message
        + events * kept * (costs.warehouse_event + costs.warehouse_marts_event),
        "ledger": messages * kept * costs.ledger_message,
        "plans": messages * shop.plan_days * costs.plan_message,
        "spool": events * shop.deliveries * shop.spool_days * costs.spool_event,
        "published": build * shop.builds,
    }


def _night(shop: Shop, costs: UnitCosts, events: float) -> dict[str, float]:
    """Seconds of CPU by stage of what runs whether or not somebody sends."""
    microseconds = {
        "ingest": shop.people * costs.cpu_ingest_subscriber
        + shop.people * shop.purchases_a_year * shop.years * costs.cpu_ingest_purchase,
        "segments": shop.people * costs.cpu_segments_person,
        "collect": events * costs.cpu_collect_event,
        "analyze": shop.people * costs.cpu_analyze_person + events * costs.cpu_analyze_event,
        "publish": shop.people * costs.cpu_publish_person + events * costs.cpu_publish_event,
    }
    return {stage: cost / 1e6 for stage, cost in microseconds.items()}
