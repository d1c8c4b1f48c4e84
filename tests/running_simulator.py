"""Runs the simulator in a separate process, for tests that send to it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
KEY = "SG.test"
LISTENING = re.compile(r"listening on (http://\S+)")


class RunningSimulator:
    """A running simulator: `base_url` and `key` for senders, and methods for `/control` (docs/simulator.md)."""

    key = KEY

    def __init__(self, data: Path, **options: Any) -> None:
        """Options as on the command line: `webhook="http://…"`, `speed=30`, `no_recipients=True`."""
        self.data, self._options, self.base_url = data, options, ""
        self.client = httpx.Client(timeout=120)
        self.start()

    def start(self) -> None:
        """Start or restart it on the same folder; returns when it is listening."""
        self.data.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "simulator", "--port", "0", "--data", str(self.data), *_arguments(self._options)]
        with (self.data / "simulator.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout
        line = self.process.stdout.readline()
        match = LISTENING.search(line)
        assert match, f"the simulator did not start: {(self.data / 'simulator.log').read_text()}"
        self.base_url = match[1]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it with a signal: SIGTERM, or SIGKILL for a kill -9."""
        if self.process.poll() is None:
            os.kill(self.process.pid, how)
        self.process.wait(60)
        assert self.process.stdout
        self.process.stdout.close()

    @property
    def public_key(self) -> str:
        """The webhook's public key, base64 DER."""
        return (self.data / "webhook_public_key.txt").read_text().strip()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a GET; raises on an error status."""
        return self.client.get(self.base_url + path, params=query, headers=self._headers()).raise_for_status().json()

    def post(self, path: str, content: Any = None) -> Any:
        """The JSON of a POST; raises on an error status."""
        return self.client.post(self.base_url + path, json=content, headers=self._headers()).raise_for_status().json()

    def send(self, mail: Any) -> httpx.Response:
        """POST /v3/mail/send."""
        return self.client.post(f"{self.base_url}/v3/mail/send", json=mail, headers=self._headers())

    def fault(self, kind: str, **options: Any) -> dict[str, Any]:
        """Arm a fault."""
        return dict(self.post("/control/faults", {"kind": kind, **options}))

    def disarm(self) -> None:
        """Disarm all faults."""
        self.client.delete(f"{self.base_url}/control/faults").raise_for_status()

    def reset(self) -> None:
        """Delete everything except the webhook key."""
        self.post("/control/reset")

    def status(self) -> dict[str, Any]:
        """The counts."""
        return dict(self.get("/control/status"))

    def accepted(self, **query: Any) -> list[dict[str, Any]]:
        """The accepted personalizations."""
        return list(self.get("/control/accepted", limit=10_000, **query))

    def duplicates(self) -> list[dict[str, Any]]:
        """The message keys that were accepted more than once."""
        return list(self.get("/control/duplicates"))

    def wait_until_quiet(self, seconds: float = 150) -> dict[str, Any]:
        """Wait until all timelines have ended and all events are posted."""
        end = time.monotonic() + seconds
        while not (status := self.status())["quiet"]:
            assert time.monotonic() < end, f"still not quiet: {status}"
            time.sleep(0.05)
        return status

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def _arguments(options: dict[str, Any]) -> list[str]:
    """Command line arguments from options: True is a flag, a list has several values."""
    found: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        values = value if isinstance(value, list) else [] if value is True else [value]
        found += [flag, *map(str, values)] if value is not False else []
    return found
