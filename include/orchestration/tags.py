"""All tags and pools. Does not import Airflow, so that the launcher can import it."""

from __future__ import annotations

from enum import StrEnum


class Tag(StrEnum):
    """Tags of DAGs: the stage that a DAG belongs to, and its external effects."""

    INGEST = "ingest"
    SEGMENTS = "segments"
    SENDS = "sends"
    ENGAGEMENT = "engagement"
    ANALYTICS = "analytics"
    PRIVACY = "privacy"
    AUDIT = "audit"
    CAMPAIGN = "campaign"
    SENDS_MAIL = "sends-mail"
    WRITES_WAREHOUSE = "writes-warehouse"
    BROKEN = "broken"


class Pool(StrEnum):
    """The pools of `airflow_settings.yaml`."""

    WAREHOUSE = "warehouse"
    SENDGRID = "sendgrid"
