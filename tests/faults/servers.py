"""Server processes: the simulator with its control endpoints, and the edge."""

from __future__ import annotations

import json
import logging
import os
import resource
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.faults.processes import Child, ResultPipe, wait_until


def call(url: str, method: str = "GET", content: Any = None, seconds: float = 30) -> Any:
    """One HTTP request with JSON both ways."""
    body = None if content is None else json.dumps(content).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, method=method), timeout=seconds) as answer:
        text = answer.read()
    return json.loads(text) if text[:1] in (b"{", b"[") else text


class Simulator:
    """A simulated SendGrid. With a `speed`, accepted messages are delivered, opened and so on, at that speed."""

    def __init__(
        self, folder: Path, *, seed: int = 1, webhook: str | None = None, speed: float = 0, notice: int = 600
    ) -> None:
        folder.mkdir(parents=True)
        options = ["--port", "0", "--data", str(folder), "--seed", str(seed), "--flush", "0.05"]
        options += ["--speed", str(speed)] if speed else ["--no-recipients"]
        options += ["--webhook", webhook] if webhook else []
        options += ["--notice", str(notice)]
        self.folder, self._log = folder, folder / "log"
        self._child = Child(serve_simulator, options, str(self._log))
        wait_until(lambda: "listening on" in self._logged(), "the simulator")
        self.url = self._logged().split("listening on ")[1].split()[0]

    @property
    def public_key(self) -> str:
        return (self.folder / "webhook_public_key.txt").read_text().strip()

    def arm(self, kind: str, campaign: str, **options: Any) -> None:
        """Arm a fault for requests (or events) of one campaign."""
        call(f"{self.url}/control/faults", "POST", {"kind": kind, "match": {"campaign": campaign}, **options})

    def set_rates(self, rates: dict[str, Any]) -> None:
        """Set the rates of deliveries, bounces and so on for messages accepted from now on."""
        call(f"{self.url}/control/rates", "POST", rates)

    def disarm(self) -> None:
        call(f"{self.url}/control/faults", "DELETE")

    def reset(self) -> None:
        """Delete everything, faults included."""
        call(f"{self.url}/control/reset", "POST")

    def accepted(self, campaign: str) -> list[dict[str, Any]]:
        """Every personalization accepted for a campaign: tw_key, tw_chunk, email, accepted_at, and more."""
        rows: list[dict[str, Any]] = []
        while page := call(f"{self.url}/control/accepted?campaign={campaign}&limit=5000&offset={len(rows)}"):
            rows += page
        return rows

    def status(self) -> dict[str, Any]:
        return dict(call(f"{self.url}/control/status"))

    def finish_recipients(self) -> None:
        """Emit all remaining events of accepted messages now."""
        call(f"{self.url}/control/flush?recipients=finish", "POST")

    def stop(self) -> None:
        self._child.kill()

    def _logged(self) -> str:
        return self._log.read_text() if self._log.exists() else ""


class Edge:
    """The edge over one data folder; a restart keeps the port."""

    def __init__(self, root: Path, ledger: str, port: int) -> None:
        self.url, self.keys = f"http://127.0.0.1:{port}", ""
        self._root, self._ledger, self._port = root, ledger, port

    def start(self, keys: str | None = None, *, file_limit: int | None = None) -> None:
        """Start it and wait until it responds. `file_limit`: the maximum size of its files."""
        self.keys = keys or self.keys
        environment = {
            "TRADEWIND_DATA": str(self._root),
            "TRADEWIND_WEBHOOK_KEYS": self.keys,
            "AIRFLOW_CONN_LEDGER_DEFAULT": self._ledger,
        }
        self._child = Child(serve_edge, self._port, environment, str(self._root / "edge.log"), file_limit)
        assert self._child.result() == "ready"
        wait_until(self._answers, "the edge")

    def unsubscribe(self, token: str) -> None:
        """One-click unsubscribe (RFC 8058), as a mailbox provider does it; returns when it is in force."""
        form = b"List-Unsubscribe=One-Click"
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/u/{token}", form, method="POST"), timeout=30).close()

    def stop(self) -> None:
        self._child.kill()

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


def serve_simulator(options: list[str], log: str, _pipe: ResultPipe) -> None:
    from simulator.__main__ import main

    _write_to(log)
    main(options)


def serve_edge(port: int, environment: dict[str, str], log: str, file_limit: int | None, pipe: ResultPipe) -> None:
    import uvicorn

    from include.edge.connection import options

    os.environ.update(environment)
    _write_to(log)
    if file_limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    pipe.send("ready")
    config = uvicorn.Config("include.edge.app:app", log_level="warning", **options())
    uvicorn.Server(config).run(sockets=[listener])


def _write_to(log: str) -> None:
    """Redirect the output of this process to a file."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    logging.basicConfig(level=logging.WARNING, force=True)
