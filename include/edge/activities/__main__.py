"""`python -m include.edge.activities`: serves the activities port with the limits of connection.py."""

from __future__ import annotations

import argparse
import sys

import uvicorn

from include.core.errors import TradewindError
from include.core.paths import data_paths
from include.core.settings import settings
from include.edge.activities.receive import tokens
from include.edge.connection import options


def main() -> int:
    """Serve until SIGTERM; 1 at once without a usable token. By default on loopback and `TRADEWIND_ACTIVITIES_PORT`."""
    parser = argparse.ArgumentParser(prog="python -m include.edge.activities")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=settings().activities_port)
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    parser.add_argument("--ssl-certfile")
    parser.add_argument("--ssl-keyfile")
    arguments = parser.parse_args()
    try:
        tokens(data_paths())
    except TradewindError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    uvicorn.run("include.edge.activities.app:app", access_log=False, **vars(arguments), **options())
    return 0


if __name__ == "__main__":
    sys.exit(main())
