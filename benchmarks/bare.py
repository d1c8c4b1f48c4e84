"""What sending costs at the least: build the same JSON with orjson, post it with the same client, and nothing else.

    python -m benchmarks.bare <chunk.json> <port> <people>

A process of its own that imports only what it needs, as somebody would write it who does nothing but send.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import orjson

CONNECTIONS = 4
"""As many as `include.dispatch.send.sender` has."""


def main(chunk: Path, port: int, people: int) -> None:
    """Send `people` messages, a thousand a request; print CPU, wall time and peak memory as JSON."""
    values = json.loads(chunk.read_text())
    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(_send(values, f"http://127.0.0.1:{port}/v3/mail/send", people // len(values["emails"])))
    figures = {"people": people, "wall": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    print(json.dumps({**figures, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


async def _send(values: dict[str, Any], url: str, requests: int) -> None:
    numbers = iter(range(requests))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:

        async def work() -> None:
            for number in numbers:
                async with session.post(url, data=_body(values, number), headers=values["request_headers"]) as response:
                    await response.read()

        await asyncio.gather(*(work() for _ in range(CONNECTIONS)))


def _body(values: dict[str, Any], number: int) -> bytes:
    chunk = f"{values['plan_id']}.{number}"
    personalizations = [
        {
            "to": [{"email": email}],
            "headers": {"List-Unsubscribe": header, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
            "substitutions": dict(zip(values["tags"], row, strict=True)),
            "custom_args": {"tw_key": key, "tw_try": "1", "tw_chunk": chunk},
        }
        for email, header, key, row in zip(values["emails"], values["headers"], values["keys"], values["rows"], strict=True)
    ]
    return orjson.dumps({"personalizations": personalizations, **values["shared"]})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
