"""`python -m simulator`: starts the simulator and serves until it receives SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import logging
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvloop
from aiohttp import web

from simulator.app import build
from simulator.settings import DEFAULT_SCOPES, DEFAULT_SENDERS, Settings


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(
        prog="python -m simulator", description="A strict SendGrid on loopback. See docs/simulator.md."
    )
    found.add_argument("--host", default="127.0.0.1")
    found.add_argument("--port", type=int, default=8082, help="0 selects a free port and prints it")
    found.add_argument("--data", type=Path, required=True, help="folder of its database and its webhook key")
    found.add_argument("--webhook", help="URL that receives the events; without it they stay queued")
    found.add_argument("--edge", help="base URL for following unsubscribe links")
    found.add_argument("--seed", type=int, default=1)
    found.add_argument("--speed", type=float, default=1.0, help="divides all delays of the recipients")
    found.add_argument("--flush", type=float, default=1.0, help="seconds between posts to the webhook")
    found.add_argument("--no-recipients", action="store_true", help="accept and reject only; messages have no events")
    found.add_argument("--verified-senders", nargs="+", default=list(DEFAULT_SENDERS), metavar="DOMAIN_OR_ADDRESS")
    found.add_argument("--api-key", action="append", default=[], help="accept only this key; may be repeated")
    found.add_argument("--ip-pool", action="append", default=[], help="an IP pool that exists")
    found.add_argument("--gzip", action="store_true", help="gzip bodies are enabled for the account")
    found.add_argument("--no-activity", action="store_true", help="GET /v3/messages is not part of the account's plan")
    found.add_argument("--requests-per-second", type=int, default=10_000)
    found.add_argument(
        "--notice", type=int, default=600, help="seconds before send_at by which a batch must be paused or cancelled"
    )
    found.add_argument(
        "--paused-retention", type=int, default=72 * 3600, help="seconds after send_at for which a paused batch is kept"
    )
    found.add_argument("--scopes", nargs="+", default=list(DEFAULT_SCOPES), metavar="SCOPE", help="scopes of the API key")
    return found


def settings_of(options: argparse.Namespace) -> Settings:
    """Settings from the command line options."""
    return Settings(
        data=options.data, seed=options.seed, webhook=options.webhook, edge=options.edge, speed=options.speed,
        recipients=not options.no_recipients, flush_seconds=options.flush, verified_senders=tuple(options.verified_senders),
        api_keys=tuple(options.api_key), ip_pools=tuple(options.ip_pool), gzip=options.gzip,
        activity=not options.no_activity, requests_per_second=options.requests_per_second, notice=options.notice,
        paused_retention=options.paused_retention, scopes=tuple(options.scopes),
    )  # fmt: skip


async def serve(settings: Settings, bound: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; prints one line when it is listening."""
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    runner = web.AppRunner(build(settings), access_log=None, shutdown_timeout=0.5, auto_decompress=False)
    await runner.setup()
    try:
        await web.SockSite(runner, bound).start()
        host, port = bound.getsockname()[:2]
        sys.stdout.write(f"simulator: listening on http://{host}:{port}\n")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await runner.cleanup()


@contextlib.contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Lock the folder. Raises BlockingIOError if another process has it: two would emit every event twice."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 after a stop, 1 if the port or the folder is in use. The port is bound before anything else."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        bound = socket.create_server((options.host, options.port), backlog=1024)
    except OSError as error:
        return fail(f"cannot listen on {options.host}:{options.port}: {error.strerror}. Choose another --port.")
    try:
        with bound, exclusive_lock(options.data):
            uvloop.run(serve(settings_of(options), bound))
    except BlockingIOError:
        return fail(f"another simulator runs on {options.data}. Stop it, or choose another --data.")
    return 0


def fail(message: str) -> int:
    """Print one line to stderr; returns exit code 1."""
    sys.stderr.write(f"simulator: {message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
