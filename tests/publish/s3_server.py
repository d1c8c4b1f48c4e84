"""An S3 server in a process of its own (moto), behind a proxy that answers 503, is slow, or loses what is put."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from pyarrow import fs

from tests.ports import free_port

KEYS = "AKIATEST:s3cr%2Fet"


class Faults:
    """What the proxy does to requests whose path contains `match`, `times` times (-1: always)."""

    def __init__(self) -> None:
        self.kind, self.match, self.times, self.seconds = "", "", 0, 0.0
        self.requests: list[tuple[str, str]] = []

    def set(self, kind: str, match: str = "", *, times: int = -1, seconds: float = 0.0) -> None:
        """Begin a fault: `unavailable` (503), `slow`, or `lost` (an object is acknowledged and not stored)."""
        self.kind, self.match, self.times, self.seconds = kind, match, times, seconds

    def clear(self) -> None:
        """End it."""
        self.kind = ""

    def due(self, path: str, *kinds: str) -> bool:
        """Whether a request meets a fault of these kinds."""
        if self.kind not in kinds or self.match not in path or self.times == 0:
            return False
        self.times -= 1
        return True


class S3:
    """The running server: `endpoint` with faults, and a bucket, which is read and written here without them."""

    def __init__(self, endpoint: str, behind: str, faults: Faults) -> None:
        self.endpoint, self.faults, self.bucket, self._behind = endpoint, faults, f"b{uuid.uuid4().hex}", behind
        self._filesystem = fs.S3FileSystem(
            access_key="AKIATEST", secret_key="s3cr/et", region="us-east-1", scheme="http", endpoint_override=behind,
            allow_bucket_creation=True,
        )  # fmt: skip
        self._filesystem.create_dir(self.bucket)

    def with_new_bucket(self) -> S3:
        """The same server with another bucket."""
        return S3(self.endpoint, self._behind, self.faults)

    def url(self, prefix: str = "shop") -> str:
        """The URL of a connection to a prefix."""
        return f"s3://{KEYS}@{self.bucket}/{prefix}?endpoint={self.endpoint}&region=us-east-1"

    def get(self, name: str) -> bytes | None:
        """The bytes of an object below the prefix `shop`; None if there is none."""
        try:
            with self._filesystem.open_input_stream(f"{self.bucket}/shop/{name}", compression=None) as content:
                return bytes(content.read())
        except FileNotFoundError:
            return None

    def put(self, name: str, content: bytes) -> None:
        """Replace an object below the prefix `shop`."""
        with self._filesystem.open_output_stream(f"{self.bucket}/shop/{name}", compression=None) as target:
            target.write(content)


@contextmanager
def s3_server() -> Iterator[S3]:
    """Start both; they are stopped afterwards."""
    port = free_port()
    command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        faults = Faults()
        proxy = ThreadingHTTPServer(("127.0.0.1", 0), _handler(port, faults))
        proxy.daemon_threads = True
        Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
        try:
            _await_answer(port)
            yield S3(f"http://127.0.0.1:{proxy.server_port}", f"127.0.0.1:{port}", faults)
        finally:
            proxy.shutdown()
            proxy.server_close()
            process.terminate()


def _await_answer(port: int) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            HTTPConnection("127.0.0.1", port, timeout=10).request("GET", "/")
        except OSError:
            assert time.monotonic() < deadline, "moto does not answer"
            time.sleep(0.1)
        else:
            return


def _handler(port: int, faults: Faults) -> type[BaseHTTPRequestHandler]:
    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self._body()
            faults.requests.append((self.command, self.path))
            if faults.due(self.path, "unavailable"):
                self._answer(503, [], b"<Error><Code>ServiceUnavailable</Code></Error>")
                return
            if faults.due(self.path, "slow"):
                time.sleep(faults.seconds)
            if self._stores_an_object() and faults.due(self.path, "lost"):
                self._answer(200, [("ETag", '"0"')], _COMPLETED if self.command == "POST" else b"")
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() not in (*_HOP, "expect")}
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
            self._answer(answer.status, kept, answer.read(), answer.getheader("Content-Length"))
            connection.close()

        do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

        def _stores_an_object(self) -> bool:
            """Whether it is a PUT of an object, or the last request of an upload in parts."""
            if self.command == "PUT":
                return "partNumber=" not in self.path
            return self.command == "POST" and "uploadId=" in self.path

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, length: str | None = None) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    return Proxy


_COMPLETED = b"<CompleteMultipartUploadResult><ETag>0</ETag></CompleteMultipartUploadResult>"
_HOP = ("content-length", "connection", "transfer-encoding", "server", "date")
