"""Files in S3-compatible object storage, over HTTP: listing, changes while an object is read, and servers that fail."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import pytest

from include.core.connections import database_url
from include.core.errors import ConfigurationError, SourceError, SourceUnavailable
from include.core.paths import DataPaths
from include.extract import object_store
from include.extract.land import land
from include.extract.sources import relations
from tests.extract.bucket import Bucket
from tests.extract.test_csv import ids_and_locations
from tests.extract.test_sources import landed
from tests.rows import csv_source, subscriber


@pytest.fixture
def bucket(s3_endpoint: str) -> Bucket:
    return Bucket(s3_endpoint)


@pytest.fixture
def failing_endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that answers everything with one status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_only_the_objects_of_a_relation_below_the_prefix_are_read(paths: DataPaths, bucket: Bucket, tmp_path: Path) -> None:
    csv_source(tmp_path / "csv", subscribers=[subscriber(1), subscriber(2)])
    bucket.upload(tmp_path / "csv")
    lines = "".join(json.dumps(subscriber(number)) + "\n" for number in (3, 4)) + "oops\n"
    bucket.put("purchases/2026/readme.txt", b"no rows")
    bucket.put("old/subscribers.csv", b"subscriber_id\nS9\n")
    assert relations(bucket.url()) == ["subscribers"]
    manifest = land(paths, bucket.url(), "subscribers", run="r", since=None)
    assert ids_and_locations(landed(paths, manifest)) == [("S1", None), ("S2", None)]
    bucket.delete("subscribers.csv")
    bucket.put("subscribers/2026/part 1.jsonl.gz", gzip.compress(lines.encode()))
    manifest = land(paths, bucket.url(), "subscribers", run="s", since=None)
    assert manifest["source_files"] == ["subscribers/2026/part 1.jsonl.gz"]
    found = ids_and_locations(landed(paths, manifest))
    assert found == [("S3", None), ("S4", None), (None, "part 1.jsonl.gz:3")]
    assert [path.name for path in (paths.root / manifest["folder"]).iterdir() if path.is_dir()] == []


def test_the_options_of_files_apply_to_objects(paths: DataPaths, bucket: Bucket) -> None:
    text = "~".join(subscriber(1)) + "\n" + "~".join(value or "" for value in subscriber(1, first_name="Zo\u00eb").values())
    bucket.put("subscribers.csv", text.encode("cp1252"))
    url = bucket.url("&delimiter=~&encoding=windows-1252")
    (row,) = landed(paths, land(paths, url, "subscribers", run="r", since=None))
    assert row["first_name"] == "Zo\u00eb"


def test_an_object_that_changes_while_it_is_read_is_unavailable(
    paths: DataPaths, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.upload(Path(csv_source(tmp_path / "csv", subscribers=[subscriber(1)]).removeprefix("file://")))

    def copy_and_change(content: Any, out: Any, size: int) -> None:
        shutil_copy(content, out, size)
        bucket.put("subscribers.csv", b"a new export")

    shutil_copy = shutil.copyfileobj
    monkeypatch.setattr(shutil, "copyfileobj", copy_and_change)
    with pytest.raises(SourceUnavailable, match=r"exports/crm/subscribers\.csv: changed while it was read"):
        land(paths, bucket.url(), "subscribers", run="r", since=None)


def test_an_object_that_disappears_after_the_listing_is_unavailable(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("subscribers.csv", b"subscriber_id\nS1\n")
    address, _, query = bucket.url().partition("?")
    store = object_store.Bucket(address, dict(parse_qsl(query)))
    assert store.names("subscribers") == ["subscribers.csv"]
    bucket.delete("subscribers.csv")
    with pytest.raises(SourceUnavailable, match=r"subscribers\.csv: disappeared"):
        store.fetch("subscribers.csv", tmp_path)


def test_a_prefix_without_objects_has_no_relation(bucket: Bucket) -> None:
    with pytest.raises(SourceError, match=r"s3://b.*/nowhere: has no relation subscribers"):
        relations(bucket.url(prefix="/nowhere"))


def test_a_missing_bucket_is_permanent(s3_endpoint: str) -> None:
    with pytest.raises(SourceError) as caught:
        relations(f"s3://AKIATEST:hushhush@no-such-bucket/x?endpoint={s3_endpoint}&region=us-east-1")
    assert not caught.value.retryable
    assert "hushhush" not in str(caught.value)


@pytest.mark.parametrize(("failing_endpoint", "retryable"), [(503, True), (403, False)], indirect=["failing_endpoint"])
def test_a_server_that_fails_is_retried_and_one_that_refuses_is_not(failing_endpoint: str, retryable: bool) -> None:
    with pytest.raises(SourceError) as caught:
        relations(f"s3://AKIATEST:hushhush@bucket/x?endpoint={failing_endpoint}&region=us-east-1")
    assert caught.value.retryable == retryable
    assert "hushhush" not in str(caught.value)


def test_a_closed_port_is_unavailable() -> None:
    with pytest.raises(SourceUnavailable, match="cannot be listed"):
        relations("s3://AKIATEST:hushhush@bucket/x?endpoint=http://127.0.0.1:1&region=us-east-1")


def test_wrong_options_are_configuration_errors() -> None:
    with pytest.raises(ConfigurationError, match="not a URL such as"):
        relations("s3://bucket/x?endpoint=https://host/bucket")
    with pytest.raises(ConfigurationError, match="Did you mean endpoint"):
        relations("s3://bucket/x?endpoin=https://host")


def test_an_airflow_connection_of_type_aws_is_a_bucket() -> None:
    fields = {
        "conn_type": "aws", "host": "exports", "schema": "crm/daily", "login": "AKIA", "password": "a/b+c",
        "extra": {"endpoint_url": "https://minio.example:9000", "region_name": "eu-central-1"},
    }  # fmt: skip
    assert database_url("subscribers_source", json.dumps(fields)) == (
        "s3://AKIA:a%2Fb%2Bc@exports/crm/daily?endpoint=https%3A%2F%2Fminio.example%3A9000&region=eu-central-1"
    )
