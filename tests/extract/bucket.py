"""A bucket on a local S3 server."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moto.server import ThreadedMotoServer
from pyarrow import fs

KEYS = "AKIATEST:s3cr%2Fet"


@contextmanager
def s3_server() -> Iterator[str]:
    """An S3 server on loopback; gives its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


class Bucket:
    """A new bucket, with files below the prefix `exports/crm`."""

    def __init__(self, endpoint: str) -> None:
        self.name, self._endpoint = f"b{uuid.uuid4().hex}", endpoint
        self._filesystem = fs.S3FileSystem(
            access_key="AKIATEST", secret_key="s3cr/et", region="us-east-1", scheme="http",
            endpoint_override=endpoint.removeprefix("http://"), allow_bucket_creation=True,
        )  # fmt: skip
        self._filesystem.create_dir(self.name)

    def url(self, options: str = "", prefix: str = "/exports/crm") -> str:
        """The URL of a connection to the prefix."""
        return f"s3://{KEYS}@{self.name}{prefix}?endpoint={self._endpoint}&region=us-east-1{options}"

    def put(self, name: str, content: bytes) -> None:
        """Create or replace an object below the prefix."""
        with self._filesystem.open_output_stream(f"{self.name}/exports/crm/{name}", compression=None) as out:
            out.write(content)

    def delete(self, name: str) -> None:
        """Delete an object below the prefix."""
        self._filesystem.delete_file(f"{self.name}/exports/crm/{name}")

    def upload(self, folder: Path) -> str:
        """Copy a folder; returns the URL of a connection to the prefix."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.put(path.relative_to(folder).as_posix(), path.read_bytes())
        return self.url()
