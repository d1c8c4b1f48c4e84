"""Rotates the address key: every keyed hash of an address is hashed once more with a new key.

The new hash is computed from the old one, not from the address, so suppressions and consent of erased people survive, and
links in mails that were sent keep working. The old keys stay in the secrets: an address is hashed with all of them in turn.
Every process must be stopped. Each step can be repeated, and the ledger, which opens with the new keys only, comes last: an
interrupted rotation is finished by running it again, and nothing starts before.
"""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb.sqltypes import VARCHAR

from include.core import clock
from include.core.durable import file_sha256, sync_file, write_durably
from include.core.errors import ConfigurationError
from include.core.keys import keys_of, rekeyed
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.ledger import consent_journal, opt_out_log, plans
from include.ledger.database import AddressKeyDiffers, Ledger, open_ledger
from include.ledger.rekey import rekey_ledger
from include.warehouse.connection import fetch, open_warehouse, run, transaction

log = logging.getLogger(__name__)

PREPARED = "rotation.json"
"""In the data folder while a rotation is under way and every new file is complete beside the old one."""
BESIDE = ".rekeyed"
KEYED = ("address_key", "other_key")
"""Columns of a plan's files that hold address keys. Tokens keep theirs: a link says which generation it is of."""
Rekey = Callable[[str], str]


class Rotation(TypedDict):
    """The result: how many files were rewritten, and the number of address keys now."""

    files: int
    generation: int


def rotate(paths: DataPaths, secrets: Secrets, url: str) -> Rotation:
    """Bring all stores from their generation of the address key to that of `secrets`; nothing to do is not an error.

    Raises `ConsentChainBroken` before anything is changed if the consent log is not intact, and `ConfigurationError` if the
    ledger was written with none of the keys.
    """
    generation = generation_of(url, secrets)
    later = keys_of(secrets.address_key)[generation:]
    files = 0
    if later:
        ledger = open_ledger(url, secrets.of_generation(generation))
        try:
            consent_journal.check(paths, ledger).require_intact()
            files = _prepare(paths, partial(rekeyed, later))
            _replace_files(paths)
            _rekey_warehouse(paths, secrets, later)
            rekey_ledger(ledger, secrets, generation, _manifests(paths, ledger))
        finally:
            ledger.close()
    if (paths.root / PREPARED).exists():
        _start_journal(paths, secrets, url)
        (paths.root / PREPARED).unlink()
    return {"files": files, "generation": secrets.generation}


def require_no_open_request(paths: DataPaths) -> None:
    """Raise `ConfigurationError` if a privacy request is open. To be called before a key is added."""
    if any((paths.privacy / "requests").glob("*.json")):
        raise ConfigurationError(
            "a privacy request is open, and names its person by the present key.",
            where=str(paths.privacy / "requests"),
            remedy="Let privacy_requests end it, then rotate.",
        )


def generation_of(url: str, secrets: Secrets) -> int:
    """The generation with which the ledger was written. Raises `AddressKeyDiffers` if it is none of these."""
    for generation in range(1, secrets.generation):
        with suppress(AddressKeyDiffers):
            open_ledger(url, secrets.of_generation(generation)).close()
            return generation
    open_ledger(url, secrets).close()
    return secrets.generation


def _prepare(paths: DataPaths, rekey: Rekey) -> int:
    """Write every new file beside the old one; returns how many. Does nothing if an interrupted rotation did it."""
    marker = paths.root / PREPARED
    if marker.exists():
        return int(json.loads(marker.read_text())["files"])
    count = 0
    for folder in sorted(paths.plans.glob("*/*/")):
        count += _prepare_plan(folder, rekey)
    for log_file in filter(Path.is_file, _logs(paths)):
        lines = log_file.read_bytes().split(b"\n")
        content = b"\n".join(_rekeyed_line(line, rekey) for line in lines)
        write_durably(_beside(log_file), content, mode=stat.S_IMODE(log_file.stat().st_mode))
        count += 1
    write_durably(marker, json.dumps({"files": count}).encode())
    return count


def _logs(paths: DataPaths) -> list[Path]:
    """Files of JSON lines with address keys: opt-outs, spooled unsubscribes, ended privacy requests."""
    spooled = sorted((paths.spool / "unsubscribes").glob("*.json"))
    return [paths.spool / opt_out_log.NAME, *spooled, paths.privacy / "audit.jsonl"]


def _prepare_plan(folder: Path, rekey: Rekey) -> int:
    """The new Parquet files of a plan and its new manifest. A plan without a manifest was never frozen."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return 0
    hashes: dict[str, str] = orjson.loads(manifest.read_bytes())
    files = [folder / name for name in hashes if name.endswith(".parquet") and (folder / name).is_file()]
    for file in files:
        _rewrite(file, rekey)
        hashes[file.name] = file_sha256(_beside(file))
    write_durably(_beside(manifest), orjson.dumps(hashes, option=orjson.OPT_INDENT_2))
    return len(files) + 1


def _rewrite(file: Path, rekey: Rekey) -> None:
    source = pq.ParquetFile(file)
    with pq.ParquetWriter(_beside(file), source.schema_arrow, compression="lz4", write_statistics=False) as writer:
        for batch in source.iter_batches(20_000):
            for name in set(KEYED) & set(batch.schema.names):
                values = pa.array([key and rekey(key) for key in batch[name].to_pylist()], pa.string())
                batch = batch.set_column(batch.schema.get_field_index(name), batch.schema.field(name), values)
            writer.write_batch(batch)
    sync_file(_beside(file))


def _rekeyed_line(line: bytes, rekey: Rekey) -> bytes:
    """A line of a log of keys. A line that is not complete is kept, and ignored by its reader as before."""
    try:
        entry: dict[str, Any] = json.loads(line)
        one = {name: rekey(entry[name]) for name in ("address_key",) if name in entry}
        several = {name: [rekey(key) for key in entry[name]] for name in ("address_keys",) if name in entry}
        return json.dumps(entry | one | several).encode()
    except (ValueError, TypeError):
        return line


def _replace_files(paths: DataPaths) -> None:
    """Rename the new files into place. A file that was renamed before an interruption has none beside it any more."""
    for beside in _all_beside(paths):
        beside.replace(beside.with_name(beside.name.removesuffix(BESIDE)))


def _all_beside(paths: DataPaths) -> Iterator[Path]:
    yield from sorted(paths.plans.glob(f"*/*/*{BESIDE}"))
    yield from sorted(paths.spool.glob(f"*{BESIDE}"))
    yield from sorted((paths.spool / "unsubscribes").glob(f"*{BESIDE}"))
    yield from sorted(paths.privacy.glob(f"*{BESIDE}"))


def _rekey_warehouse(paths: DataPaths, secrets: Secrets, later: Sequence[bytes]) -> None:
    with open_warehouse(paths) as warehouse:
        if fetch(warehouse, "privacy", "rotation_is_done", {"fingerprint": secrets.fingerprint}).num_rows:
            return
        _register(warehouse, later)
        with transaction(warehouse):
            for statement in fetch(warehouse, "privacy", "rekey_statements")["statement"].to_pylist():
                warehouse.execute(statement)
            run(warehouse, "privacy", "rotation_insert", {"fingerprint": secrets.fingerprint, "at": clock.now()})


def _register(warehouse: duckdb.DuckDBPyConnection, later: Sequence[bytes]) -> None:
    def rekeyed_address(keys: pa.ChunkedArray) -> pa.Array:
        return pa.array([rekeyed(later, key) for key in keys.to_pylist()], pa.string())

    arrow: Any = "arrow"
    warehouse.create_function("rekeyed_address", rekeyed_address, [VARCHAR], VARCHAR, type=arrow)


def _manifests(paths: DataPaths, ledger: Ledger) -> dict[str, str]:
    """The digests of the manifests as they are now, by plan id."""
    found = ((plan.plan_id, paths.root / plan.folder / "manifest.json") for plan in plans.all_plans(ledger))
    return {plan_id: file_sha256(file) for plan_id, file in found if file.is_file()}


def _start_journal(paths: DataPaths, secrets: Secrets, url: str) -> None:
    """A journal of the new chain. The old one is set aside: it proves the old chain, with the old key."""
    ledger = open_ledger(url, secrets)
    try:
        consent_journal.accept(paths, ledger)
    finally:
        ledger.close()


def _beside(file: Path) -> Path:
    return file.with_name(file.name + BESIDE)
