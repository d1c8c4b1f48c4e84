"""`make origins SUBSCRIBER=S1`: from which of several sources each value of a person is taken; prints no value."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from include.core.connections import database_url, environment_connection
from include.core.errors import ConfigurationError, SourceError, TradewindError
from include.core.settings import variable
from include.extract.combination import combination
from include.extract.combined import CombinedSource


def origins(subscriber_id: str) -> dict[str, str]:
    """Column → name of the source, read from the sources as they are now.

    Raises `ConfigurationError` without several sources, `SourceError` if none of them has the id.
    """
    sources = combination(_connection_url)
    if sources is None:
        raise ConfigurationError("is not set.", where=variable("sources"), remedy="There is one source for every value.")
    with tempfile.TemporaryDirectory(prefix="tradewind-") as scratch:
        combined = CombinedSource(sources, Path(scratch))
        try:
            found = combined.origins(subscriber_id)
        finally:
            combined.close()
    if not found:
        raise SourceError("no source has this subscriber.", where=combined.location, remedy="Check the id.")
    return found


def _connection_url(connection_id: str) -> str:
    text = environment_connection(connection_id)
    if not text:
        name = f"AIRFLOW_CONN_{connection_id.upper()}"
        raise ConfigurationError("is not set.", where=name, remedy="This command reads connections from the environment.")
    return database_url(connection_id, text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one line per column."""
    (subscriber_id,) = arguments or sys.argv[1:]
    try:
        found = origins(subscriber_id)
    except TradewindError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    for column, source in found.items():
        print(f"{column:20} {source}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
