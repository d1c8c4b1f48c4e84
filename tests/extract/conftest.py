"""A fixture that creates the same rows in every kind of source."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import rows
from tests.extract.bucket import Bucket, s3_server

Build = Callable[..., str]


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of an S3 server."""
    with s3_server() as url:
        yield url


KINDS = [
    "sqlite",
    "csv",
    "csv.gz",
    "jsonl",
    "jsonl.gz",
    "parquet",
    "s3",
    pytest.param("postgres", marks=pytest.mark.postgres),
]


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Build:
    """A function that creates one kind of source with the given relations and returns its URL."""
    if request.param == "sqlite":
        return lambda **relations: rows.sqlite_source(tmp_path / "source.sqlite", **relations)
    if request.param in ("csv", "csv.gz"):
        return lambda **relations: rows.csv_source(tmp_path / "csv", compressed=request.param == "csv.gz", **relations)
    if request.param in ("jsonl", "jsonl.gz"):
        return lambda **relations: rows.json_source(tmp_path / "json", compressed=request.param == "jsonl.gz", **relations)
    if request.param == "parquet":
        return lambda **relations: rows.parquet_source(tmp_path / "parquet", **relations)
    if request.param == "s3":
        bucket = Bucket(request.getfixturevalue("s3_endpoint"))
        return lambda **relations: bucket.upload(
            Path(rows.json_source(tmp_path / "s3", **relations).removeprefix("file://"))
        )
    url = request.getfixturevalue("postgres_url")
    return lambda **relations: rows.postgres_source(url, f"s{uuid.uuid4().hex}", **relations)
