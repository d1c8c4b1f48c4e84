"""How far a landed batch reaches: where the next incremental pass starts, less the overlap that its caller subtracts."""

from __future__ import annotations

from datetime import datetime

import duckdb

from include.core.errors import SourceError
from include.warehouse.connection import configure, fetch, run


def newest(relation: str, files: list[str], latest: datetime) -> str | None:
    """The newest change in landed files up to `latest`, as ISO text in UTC; None where there is none."""
    if not files:
        return None
    with duckdb.connect() as connection:
        configure(connection)
        run(connection, "warehouse", "025_source_time")
        try:
            found = fetch(connection, "extract", f"{relation}_watermark", {"files": files, "latest": latest})
        except duckdb.Error as error:
            raise SourceError(f"a landed file does not read back ({type(error).__name__}).", where=relation) from None
    moment = found["watermark"][0].as_py()
    return moment.isoformat() if moment else None
