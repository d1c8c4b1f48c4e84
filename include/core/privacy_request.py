"""Requests of people for their data: `privacy/requests/<id>.json`, and the audit log of those that ended.

A request names an address, which must not reach Airflow's database: runs get the id of the request only. The file is deleted
when the request has ended. `privacy/audit.jsonl` keeps one line per request, with the address key and without the address.
"""

from __future__ import annotations

import json
import os
import re
import secrets as random_source
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from include.core import clock
from include.core.durable import sync_folder, write_durably
from include.core.errors import ConfigurationError
from include.core.keys import normalise_address
from include.core.paths import DataPaths
from include.core.person import Person

Kind = Literal["export", "erase"]
KINDS: tuple[Kind, ...] = ("export", "erase")
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,253}")
_ID = re.compile(r"[0-9]{8}-[0-9a-f]{8}")


@dataclass(frozen=True)
class PrivacyRequest:
    """One request. `address` is normalized; `person` is set once they were looked up."""

    id: str
    kind: Kind
    address: str
    requested_at: str
    person: Person | None = None


def create(paths: DataPaths, kind: Kind, address: str) -> PrivacyRequest:
    """Write a new request. Raises `ConfigurationError`, without the text, for one that is not an address."""
    normalised = normalise_address(address)
    if not _ADDRESS.fullmatch(normalised):
        raise ConfigurationError("is not an e-mail address.", where="the privacy request", remedy="Enter one address.")
    now = clock.now()
    request = PrivacyRequest(f"{now:%Y%m%d}-{random_source.token_hex(4)}", kind, normalised, now.isoformat())
    save(paths, request)
    return request


def save(paths: DataPaths, request: PrivacyRequest) -> None:
    """Write the request's file, readable by its owner only."""
    write_durably(_file(paths, request.id), json.dumps(asdict(request), indent=1).encode(), mode=0o600)


def read(paths: DataPaths, request_id: str | None) -> PrivacyRequest:
    """The request. Raises `ConfigurationError` if it does not exist, or has ended."""
    file = _file(paths, request_id or "")
    if not _ID.fullmatch(request_id or "") or not file.is_file():
        raise ConfigurationError(
            "there is no open request with this id.",
            where="the form's field request",
            remedy="Enter the address with `make privacy DO=export` or `DO=erase`, and use the id that it prints.",
        )
    fields = json.loads(file.read_bytes())
    person = fields.pop("person")
    found = None
    if person:
        ids, addresses, keys = (tuple(person[name]) for name in ("subscriber_ids", "addresses", "address_keys"))
        found = Person(ids, addresses, keys, person["pseudonym"])
    return PrivacyRequest(**fields, person=found)


def with_person(paths: DataPaths, request: PrivacyRequest, person: Person) -> PrivacyRequest:
    """The request with its person, saved, so that later steps find them when the stores no longer do."""
    found = replace(request, person=person)
    save(paths, found)
    return found


def end(paths: DataPaths, request: PrivacyRequest, result: Mapping[str, Any]) -> dict[str, Any]:
    """Append the request to the audit log, with the address keys; delete its file, and return the line without the keys."""
    assert request.person is not None
    line: dict[str, Any] = {
        "request": request.id,
        "kind": request.kind,
        "requested_at": request.requested_at,
        "ended_at": clock.now().isoformat(),
        **result,
    }
    logged = {**line, "address_keys": list(request.person.address_keys)}
    _append_durably(paths.privacy / "audit.jsonl", json.dumps(logged).encode() + b"\n")
    _file(paths, request.id).unlink(missing_ok=True)
    sync_folder(paths.privacy / "requests")
    return line


def _file(paths: DataPaths, request_id: str) -> Path:
    return paths.privacy / "requests" / f"{request_id}.json"


def _append_durably(path: Path, line: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)
