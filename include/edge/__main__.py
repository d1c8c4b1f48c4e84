"""`python -m include.edge`: serves the edge with the limits of connection.py."""

from __future__ import annotations

import argparse

import uvicorn

from include.edge.connection import options


def main() -> None:
    """Serve until SIGTERM. A proxy terminates TLS; the certificate options are for tests and small networks."""
    parser = argparse.ArgumentParser(prog="python -m include.edge")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--access-log", action="store_true", help="log one line per request, without tokens")
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    parser.add_argument("--ssl-certfile")
    parser.add_argument("--ssl-keyfile")
    arguments = parser.parse_args()
    uvicorn.run("include.edge.app:app", **vars(arguments), **options())


if __name__ == "__main__":
    main()
