"""Cuts the audience into chunks and reads people in the order of the chunks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from include.core import keys, token
from include.core.campaign import Campaign
from include.core.engagement import ENGAGEMENT_PARAMS
from include.core.secrets import Secrets
from include.dispatch.content.printable import printable
from include.dispatch.product_rows import write_personal_lists
from include.dispatch.send_window import send_times
from include.warehouse.connection import fetch, run

CHUNK_SIZE = 1_000
"""SendGrid accepts up to 1,000 personalizations per request."""
BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Chunking:
    """`chunks` are the rows of chunks.sql, in the order in which `people` reads; `by_zone`: it waits for hours of arrival.

    `confirm_until` (Unix seconds) is when the links expire that confirm a sign-up.
    """

    by_zone: bool
    chunks: list[dict[str, Any]]
    confirm_until: int = 0

    def contents(self) -> dict[int, str]:
        """The content of each group, `variant.locale.tracked`."""
        return {chunk["mail_group"]: chunk["content"] for chunk in self.chunks}


def cut_into_chunks(warehouse: duckdb.DuckDBPyConnection, campaign: Campaign, at: datetime) -> Chunking:
    """Cut the planned people of temp table `audience` into chunks."""
    by_zone = campaign.waits_for_hours or campaign.send_time is not None
    run(warehouse, "dispatch", "mail_groups", {"by_zone": by_zone} | ENGAGEMENT_PARAMS)
    places = [(row["zone"], row["own_hour"]) for row in fetch(warehouse, "dispatch", "mail_zones").to_pylist()]
    windows = {variant.id: campaign.arm(variant.id).hours for variant in campaign.variants}
    warehouse.register("send_times", send_times(windows, places, at))
    chunks = fetch(warehouse, "dispatch", "chunks", {"chunk_size": CHUNK_SIZE}).to_pylist()
    warehouse.unregister("send_times")
    return Chunking(by_zone, chunks, int((at + timedelta(days=campaign.confirm_within_days)).timestamp()))


def read_people(
    warehouse: duckdb.DuckDBPyConnection, secrets: Secrets, chunking: Chunking, edge_url: str, columns: Iterable[str]
) -> pa.RecordBatchReader:
    """All planned people in the order of `chunking.chunks`, with the given columns of people.sql, as printable text."""
    key_id = secrets.signing_key_id
    inner, outer = keys.hmac_pads(secrets.token_keys[key_id])
    params = {
        "by_zone": chunking.by_zone,
        "edge_url": edge_url.rstrip("/"),
        "version_and_key_id": token.header(secrets, token.UNSUBSCRIBE),
        "confirm_head": token.header(secrets, token.CONFIRM, chunking.confirm_until),
        "inner_pad": inner,
        "outer_pad": outer,
        "columns": (wanted := sorted(columns)),
    }
    write_personal_lists(warehouse, wanted="products" in wanted)
    found = run(warehouse, "dispatch", "people", params).to_arrow_reader(BATCH_ROWS)
    return pa.RecordBatchReader.from_batches(found.schema, (printable(batch) for batch in found))
