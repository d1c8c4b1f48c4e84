"""The only tags and pools that DAGs may name. Free of Airflow, so that the launcher can ask too."""

from __future__ import annotations

from enum import StrEnum


class Tag(StrEnum):
    """The only tags that DAGs may carry: what a DAG belongs to, and what it can do to the outside."""

    INGEST = "ingest"
    SEGMENTS = "segments"
    SENDS = "sends"
    ENGAGEMENT = "engagement"
    ANALYTICS = "analytics"
    CAMPAIGN = "campaign"
    SENDS_MAIL = "sends-mail"
    WRITES_WAREHOUSE = "writes-warehouse"
    BROKEN = "broken"


class Pool(StrEnum):
    """The pools of `airflow_settings.yaml`."""

    WAREHOUSE = "warehouse"
    SENDGRID = "sendgrid"
