"""Erases a person from the spool: their events and activities, loaded or not, and unreadable files that name them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from include.collect import packed
from include.core.durable import write_durably
from include.core.keys import address_key, subscriber_key
from include.core.paths import DataPaths
from include.core.person import ERASED_EMAIL, Person, contains_address, escaped_forms
from include.core.secrets import Secrets

LINES = ".jsonl"
"""Files of activities: one JSON object per line. Files of events are one JSON array."""


def replace_erased(files: Iterable[Path], secrets: Secrets, erased: frozenset[str]) -> int:
    """Replace the addresses of erased people in batches that are not loaded yet; return the number of batches.

    Events of mail that a person got before the erasure arrive for days. They count, under the pseudonym of the erasure.
    `erased` are the tombstones; while there are none, no batch is read. A batch that cannot be read is left to the loader.
    """
    return sum(_replace_in(path, secrets, erased) for path in files) if erased else 0


def leave_out_erased(files: Iterable[Path], secrets: Secrets, erased: frozenset[str]) -> int:
    """Remove the activities of erased people from files that are not loaded yet; return the number of files."""
    return sum(_leave_out(path, secrets, erased) for path in files) if erased else 0


def _leave_out(path: Path, secrets: Secrets, erased: frozenset[str]) -> bool:
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if subscriber_key(secrets.address_key, _subscriber_id(line)) not in erased]
    if len(kept) < len(lines):
        write_durably(path, b"".join(kept), mode=0o640)
    return len(kept) < len(lines)


def _subscriber_id(line: bytes) -> str:
    """The id of an activity; empty for a line that cannot be read, which is left to the loader."""
    try:
        return str(orjson.loads(line)["subscriber_id"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""


def _replace_in(path: Path, secrets: Secrets, erased: frozenset[str]) -> bool:
    try:
        events = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return False
    found = False
    for place, event in enumerate(events if isinstance(events, list) else []):
        email = str(event.get("email") or "") if isinstance(event, dict) else ""
        if email and address_key(secrets.address_key, email) in erased:
            events[place], found = _without_address(event, email), True
    if found:
        write_durably(path, orjson.dumps(events), mode=0o640)
    return found


def _without_address(event: dict[str, Any], email: str) -> Any:
    """The event with another address; mail servers quote the recipient in their answers too."""
    text = orjson.dumps(event).decode()
    for form in escaped_forms(email.strip()):
        text = re.sub(re.escape(form), ERASED_EMAIL, text, flags=re.IGNORECASE)
    return {**orjson.loads(text), "email": ERASED_EMAIL}


def erase_spool(paths: DataPaths, person: Person) -> int:
    """Remove what contains an address or an id of the person; return the number of files that changed.

    What is not loaded yet is removed too: nothing more may become known about an erased person. A file that cannot be read
    and names the person is deleted, with the file that says why. A packed day counts as one file.
    """
    with packed.archive_lock(paths):
        files = [path for path in sorted(paths.spool.rglob("*")) if path.suffix in (".json", LINES)]
        changed = sum(_erase_file(path, person) for path in files if path.parent.name != "unsubscribes")
        return changed + sum(_erase_packed(day, person) for day in packed.days(paths))


def _erase_packed(day: Path, person: Person) -> bool:
    """Write a packed day anew without the person, if any of its files names them."""
    packed.delete_half_written(day)
    if all(_without(person, name, content) is content for name, content, _ in packed.read(day)):
        return False
    packed.replace(day, _members_without(day, person))
    return True


def _members_without(day: Path, person: Person) -> Iterator[packed.Member]:
    for name, content, changed_at in packed.read(day):
        kept = _without(person, name, content)
        if kept is not None:
            yield name, kept, changed_at


def _erase_file(path: Path, person: Person) -> bool:
    content = path.read_bytes()
    kept = _without(person, path.name, content)
    if kept is content:
        return False
    if kept is None:
        return _delete(path)
    write_durably(path, kept, mode=0o640)
    return True


def _without(person: Person, name: str, content: bytes) -> bytes | None:
    """The content of a file without the person: the same object if it does not name them, None if it cannot be read."""
    if not contains_address(person, content) and not _names_id(person, content):
        return content
    try:
        items = (
            [orjson.loads(line) for line in content.splitlines() if line] if name.endswith(LINES) else orjson.loads(content)
        )
        kept = [item for item in items if not _is_theirs(person, item)]
    except (orjson.JSONDecodeError, TypeError):
        return None if contains_address(person, content) else content
    if len(kept) == len(items):
        return content
    lines = b"".join(orjson.dumps(item) + b"\n" for item in kept)
    return lines if name.endswith(LINES) else orjson.dumps(kept)


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
