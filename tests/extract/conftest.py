"""A fixture that creates the same rows in every kind of source."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests import rows
from tests.extract.bucket import Bucket, s3_server
from tests.extract.served_api import Reply, Request, served

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
    "tsv",
    "jsonl",
    "jsonl.gz",
    "parquet",
    "s3",
    "api",
    pytest.param("postgres", marks=pytest.mark.postgres),
]


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Build]:
    """A function that creates one kind of source with the given relations and returns its URL."""
    kind = request.param
    if kind == "api":
        with ExitStack() as running:
            yield lambda **relations: running.enter_context(served_files(json_folder(tmp_path, **relations)))
        return
    builds: dict[str, Build] = {
        "sqlite": partial(rows.sqlite_source, tmp_path / "source.sqlite"),
        "csv": partial(rows.csv_source, tmp_path / "csv"),
        "csv.gz": partial(rows.csv_source, tmp_path / "csv", compressed=True),
        "tsv": partial(rows.tsv_source, tmp_path / "tsv"),
        "jsonl": partial(rows.json_source, tmp_path / "json"),
        "jsonl.gz": partial(rows.json_source, tmp_path / "json", compressed=True),
        "parquet": partial(rows.parquet_source, tmp_path / "parquet"),
    }
    if kind == "s3":
        bucket = Bucket(request.getfixturevalue("s3_endpoint"))
        builds["s3"] = lambda **relations: bucket.upload(json_folder(tmp_path, **relations))
    if kind == "postgres":
        url = request.getfixturevalue("postgres_url")
        builds["postgres"] = lambda **relations: rows.postgres_source(url, f"s{uuid.uuid4().hex}", **relations)
    yield builds[kind]


def json_folder(folder: Path, **relations: list[rows.Row]) -> Path:
    """A folder of JSON lines with these relations."""
    return Path(rows.json_source(folder / "json", compressed=False, **relations).removeprefix("file://"))


@contextmanager
def served_files(folder: Path) -> Iterator[str]:
    """An API that answers with one page per relation, from a folder of JSON lines; gives its URL."""

    def answer(request: Request) -> Reply:
        lines = (folder / f"{request.path.rpartition('/')[2]}.jsonl").read_bytes().splitlines()
        return Reply(b"[" + b",".join(lines) + b"]")

    with served(answer) as api:
        yield f"{api.url}?{'&'.join(f'{path.stem}={path.stem}' for path in folder.iterdir())}"
