"""Erases a person from the files of plans: address, link and slot values, and the subscriber id.

The rows stay, because chunks refer to them by number and sums must hold. A file that is changed gets a new hash in the
plan's manifest, and the manifest a new hash in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import update

from include.core.durable import file_sha256, sync_file, write_durably
from include.core.errors import CampaignRunning
from include.core.paths import DataPaths
from include.core.person import ERASED_EMAIL, Person
from include.dispatch.plan_files import settle_manifest
from include.ledger import plans
from include.ledger.chunk import Plan
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import plans as plans_table


def erase_from_plans(stores: Stores, person: Person) -> int:
    """Erase the person from every plan, live or test; return the number of files that changed.

    Raises `CampaignRunning` (retryable) while a plan that contains the person is being sent: its sender has the hashes of
    the files in memory. The person gets none of that mail, since the suppression is in force at the next chunk.
    """
    everything = [*plans.all_plans(stores.ledger), *plans.all_plans(stores.ledger, plans.TEST)]
    found = [(plan, files) for plan in everything if (files := _files(stores.paths, plan, person))]
    if running := [plan for plan, _ in found if plan.state == "sending"]:
        raise CampaignRunning(
            "is being sent, and its plan contains a person who is to be erased.",
            where=f"{running[0].campaign} {running[0].occurrence}",
            remedy="The person gets no mail from now on. The erasure continues when the campaign has ended or is paused.",
        )
    for plan, files in found:
        _replace(stores.ledger, stores.paths.root / plan.folder, plan, files, person)
    return sum(len(files) for _, files in found)


def _files(paths: DataPaths, plan: Plan, person: Person) -> list[str]:
    """The plan's files that contain the person.

    Includes those that an interrupted erasure replaced, and whose new hash is not in the manifest or the ledger yet.
    """
    folder = paths.root / plan.folder
    settle_manifest(folder, plan.manifest_sha256)
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return []
    hashes, is_recorded = orjson.loads(manifest.read_bytes()), file_sha256(manifest) == plan.manifest_sha256
    states = {path: _state(person, path) for path in sorted(folder.glob("*.parquet"))}
    return [
        path.name
        for path, state in states.items()
        if state == "present" or (state == "erased" and not (is_recorded and file_sha256(path) == hashes.get(path.name)))
    ]


def _state(person: Person, path: Path) -> str:
    """Whether the person is `present` in a file, `erased` from it, or `absent`. One row group is in memory at a time."""
    found = "absent"
    for table in _row_groups(path):
        theirs = _rows(person, table)
        if pc.any(theirs).as_py():
            found = "erased"
            if _without(person, table, theirs) != table:
                return "present"
    return found


def _row_groups(path: Path) -> Iterator[pa.Table]:
    file = pq.ParquetFile(path)
    for number in range(file.num_row_groups):
        yield file.read_row_group(number)


def _rows(person: Person, table: pa.Table) -> pa.ChunkedArray:
    theirs = pc.is_in(table["address_key"], pa.array(person.address_keys, pa.string()))
    if "subscriber_id" in table.column_names:
        ids = pa.array([*person.subscriber_ids, person.pseudonym], pa.string())
        theirs = pc.or_(theirs, pc.is_in(table["subscriber_id"], ids))
    return theirs


def _without(person: Person, table: pa.Table, theirs: pa.ChunkedArray) -> pa.Table:
    """The table with the person's values replaced. The address key stays: by it a sender finds who is suppressed."""
    values = {"email": ERASED_EMAIL, "subscriber_id": person.pseudonym}
    for place, name in enumerate(table.column_names):
        if name in ("email", "subscriber_id", "token") or name.startswith("slot_"):
            blank = pa.scalar(values.get(name, ""), pa.string())
            table = table.set_column(place, name, pc.if_else(theirs, blank, table[name].cast(pa.string())))
    return table


def _replace(ledger: Ledger, folder: Path, plan: Plan, names: list[str], person: Person) -> None:
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    for name in names:
        _rewrite(folder / name, person)
        manifest[name] = file_sha256(folder / name)
    write_durably(folder / "manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    with ledger.write() as connection:
        this = plans_table.c.plan_id == plan.plan_id
        connection.execute(update(plans_table).where(this).values(manifest_sha256=file_sha256(folder / "manifest.json")))


def _rewrite(path: Path, person: Person) -> None:
    """Replace the file by one without the person, with the same rows in the same order."""
    beside, schema = path.with_name(f".{path.name}.tmp"), pq.read_schema(path)
    with pq.ParquetWriter(beside, schema, compression="lz4", write_statistics=False) as writer:
        for table in _row_groups(path):
            writer.write_table(_without(person, table, _rows(person, table)).cast(schema))
    sync_file(beside)
    beside.replace(path)
