"""Erases a person from the spool: their events and activities, loaded or not, and unreadable files that name them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from include.core.durable import write_durably
from include.core.paths import DataPaths
from include.core.person import Person, contains_address

LINES = ".jsonl"
"""Files of activities: one JSON object per line. Files of events are one JSON array."""


def erase_spool(paths: DataPaths, person: Person) -> int:
    """Remove what contains an address or an id of the person; return the number of files that changed.

    What is not loaded yet is removed too: nothing more may become known about an erased person. A file that cannot be read
    and names the person is deleted, with the file that says why.
    """
    files = [path for path in sorted(paths.spool.rglob("*")) if path.suffix in (".json", LINES)]
    return sum(_erase_file(path, person) for path in files if path.parent.name != "unsubscribes")


def _erase_file(path: Path, person: Person) -> bool:
    content = path.read_bytes()
    if not contains_address(person, content) and not _names_id(person, content):
        return False
    try:
        items = (
            [orjson.loads(line) for line in content.splitlines() if line] if path.suffix == LINES else orjson.loads(content)
        )
        kept = [item for item in items if not _is_theirs(person, item)]
    except (orjson.JSONDecodeError, TypeError):
        return contains_address(person, content) and _delete(path)
    if len(kept) == len(items):
        return False
    lines = b"".join(orjson.dumps(item) + b"\n" for item in kept)
    write_durably(path, lines if path.suffix == LINES else orjson.dumps(kept), mode=0o640)
    return True


def _is_theirs(person: Person, item: Any) -> bool:
    named = item.get("subscriber_id") if isinstance(item, dict) else None
    return named in person.subscriber_ids or contains_address(person, orjson.dumps(item))


def _names_id(person: Person, content: bytes) -> bool:
    """Whether an id may be in the file, as a JSON string: a quick test before it is parsed."""
    return any(orjson.dumps(subscriber_id) in content for subscriber_id in person.subscriber_ids)


def _delete(path: Path) -> bool:
    path.unlink()
    path.with_name(f"{path.name}.reason.txt").unlink(missing_ok=True)
    return True
