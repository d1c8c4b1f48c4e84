"""Erases a person from landed batches. Landed files are immutable for everything else."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.core.durable import sync_file, sync_folder, write_durably
from include.core.keys import AddressSecret, address_key, subscriber_key
from include.core.manifest import Manifest
from include.core.paths import DataPaths
from include.core.person import Person, rows_of
from include.core.secrets import Secrets

log = logging.getLogger(__name__)
Rows = Callable[[pa.Table], pa.Array | pa.ChunkedArray]
"""Which rows of a part are to be removed."""


def landed_addresses(paths: DataPaths, subscriber_ids: Iterable[str]) -> set[str]:
    """Every text in the column email of landed rows with these ids: addresses that the warehouse no longer has in clear."""
    wanted = pa.array(sorted(subscriber_ids), pa.string())
    found: set[str] = set()
    for part in sorted(paths.landed.glob("subscribers/*/part-*.parquet")):
        table = pq.read_table(part, columns=["subscriber_id", "email"])
        emails = table.filter(pc.is_in(table["subscriber_id"], wanted))["email"]
        found.update(email for email in emails.to_pylist() if email)
    return found


def erase_landed(paths: DataPaths, person: Person) -> int:
    """Remove the person's rows from every landed batch; return their number. One part is in memory at a time."""
    manifests = sorted(paths.landed.glob("*/*/manifest.json"))
    return sum(_remove_rows(manifest, lambda table: rows_of(person, table)) for manifest in manifests)


def leave_out_erased(paths: DataPaths, secrets: Secrets, erased: frozenset[str], manifest: Manifest) -> Manifest:
    """Remove the rows of erased people from a batch that has just landed; return its manifest as it is then.

    `erased` are the tombstones: keys of addresses and of subscriber ids. Costs a keyed hash per row, and nothing while
    nobody has been erased.
    """
    path = paths.root / manifest["folder"] / "manifest.json"
    if not erased:
        return manifest
    removed = _remove_rows(path, lambda table: _erased_rows(secrets.address_key, erased, table))
    if removed:
        log.info("%d rows of erased people were left out of %s", removed, manifest["relation"])
    changed: Manifest = json.loads(path.read_bytes())
    return changed


def _erased_rows(secret: AddressSecret, erased: frozenset[str], table: pa.Table) -> pa.Array:
    ids = [bool(value) and subscriber_key(secret, value) in erased for value in table["subscriber_id"].to_pylist()]
    if "email" not in table.column_names:
        return pa.array(ids, pa.bool_())
    emails = [bool(value) and address_key(secret, value) in erased for value in table["email"].to_pylist()]
    return pc.or_(pa.array(ids, pa.bool_()), pa.array(emails, pa.bool_()))


def _remove_rows(path: Path, rows: Rows) -> int:
    """Remove rows from the parts of a batch and write its manifest anew; return how many there were."""
    manifest: Manifest = json.loads(path.read_bytes())
    removed = 0
    for file in manifest["files"]:
        part = path.parent / file["name"]
        if part.is_file():
            removed += _rewrite_part(part, rows)
            file["rows"] = pq.read_metadata(part).num_rows
            with part.open("rb") as opened:
                file["sha256"] = hashlib.file_digest(opened, "sha256").hexdigest()
    if manifest["rows"] != sum(file["rows"] for file in manifest["files"]):  # also after an interrupted erasure
        manifest["rows"] = sum(file["rows"] for file in manifest["files"])
        manifest["sha256"] = hashlib.sha256("".join(file["sha256"] for file in manifest["files"]).encode()).hexdigest()
        write_durably(path, json.dumps(manifest, indent=1).encode())
    return removed


def _rewrite_part(part: Path, rows: Rows) -> int:
    """Replace the part by one without these rows; return how many there were."""
    table = pq.read_table(part)
    theirs = rows(table)
    count = int(pc.sum(theirs).as_py() or 0)
    if count:
        beside = part.with_name(f".{part.name}.tmp")
        pq.write_table(table.filter(pc.invert(theirs)), beside, compression="zstd")
        sync_file(beside)
        beside.replace(part)
        sync_folder(part.parent)
    return count
