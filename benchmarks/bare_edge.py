"""The least that a webhook does: reads the body, checks the signature, writes a file, fsyncs it, answers.

    python -m benchmarks.bare_edge <folder> <port> <public keys>

A Starlette route with uvicorn's own protocol, as somebody would write it who trusts every client.
"""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path

import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from include.sendgrid.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, has_valid_signature, parse_public_keys


def main(folder: Path, port: int, public_keys: str) -> None:
    """Serve until SIGTERM."""
    keys = parse_public_keys(public_keys)

    def store(timestamp: str, signature: str, body: bytes) -> int:
        if not has_valid_signature(keys, timestamp, body, signature):
            return 403
        handle = os.open(folder / str(uuid.uuid4()), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(handle, body)
        os.fsync(handle)
        os.close(handle)
        return 200

    async def receive(request: Request) -> PlainTextResponse:
        signed = request.headers[TIMESTAMP_HEADER], request.headers[SIGNATURE_HEADER]
        return PlainTextResponse("stored", await to_thread.run_sync(store, *signed, await request.body()))

    app = Starlette(routes=[Route("/events/sendgrid", receive, methods=["POST"])])
    uvicorn.run(app, port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
