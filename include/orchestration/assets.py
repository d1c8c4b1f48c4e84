"""All Airflow assets. Airflow deactivates one of two assets that have the same name and different URIs."""

from __future__ import annotations

from airflow.sdk import Asset

SUBSCRIBERS = Asset(
    name="subscribers", uri="x-tradewind://warehouse/core/subscribers", group="warehouse",
    extra={"what": "Validated subscribers, purchases and activities. Its state holds the watermark of each relation."},
)  # fmt: skip
ACTIVITIES = Asset(
    name="activities", uri="x-tradewind://warehouse/core/activities", group="warehouse",
    extra={"what": "Activities that were posted to the activities port."},
)  # fmt: skip
SEGMENTS = Asset(
    name="segments", uri="x-tradewind://warehouse/segment/membership", group="warehouse",
    extra={"what": "Segment membership, frozen by run."},
)  # fmt: skip
SENDS = Asset(
    name="sends", uri="x-tradewind://warehouse/dispatch/sends", group="warehouse",
    extra={"what": "The outcome of each message, copied from the ledger."},
)  # fmt: skip
ENGAGEMENT = Asset(
    name="engagement", uri="x-tradewind://warehouse/engagement/events", group="warehouse",
    extra={"what": "Deduplicated, classified webhook events."},
)  # fmt: skip
ANALYTICS = Asset(
    name="analytics", uri="x-tradewind://published/analytics.duckdb", group="published",
    extra={"what": "The published file that analysts open."},
)  # fmt: skip
