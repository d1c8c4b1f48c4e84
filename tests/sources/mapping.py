"""Checks the mapping of a source: its sample is landed through the mapping and validated."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from include.core.manifest import Manifest
from include.core.paths import PROJECT, DataPaths
from include.extract.land import land
from include.extract.sources import relations
from include.validate.batch import validate_batch


class Landed(NamedTuple):
    """The batches of a sample, and id and reasons of each row that was refused."""

    manifests: list[Manifest]
    bad_rows: list[tuple[str, list[str]]]

    @property
    def counts(self) -> dict[str, int]:
        """The landed rows by relation."""
        return {manifest["relation"]: manifest["rows"] for manifest in self.manifests}


def land_sample(paths: DataPaths, monkeypatch: pytest.MonkeyPatch, mapping: Path, sample: str) -> Landed:
    """Land and validate a sample, an SQL script, through a folder with a mapping."""
    monkeypatch.setenv("TRADEWIND_SOURCE_SQL", str(mapping))
    database = paths.root / "sample.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(sample)
    url = f"sqlite:///{database}"
    manifests = [land(paths, url, relation, run="sample", since=None) for relation in relations(url)]
    for manifest in manifests:
        validate_batch(paths, manifest)
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        bad_rows = warehouse.execute("select source_key, reasons from quality.quarantine order by all").fetchall()
    return Landed(manifests, bad_rows)


def folder(name: str) -> Path:
    """The folder with the mapping of a source."""
    return PROJECT / "include" / "sources" / name
