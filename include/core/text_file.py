"""Reads text files that people write; findings name what an editor or a copy did to them."""

from __future__ import annotations

import os
from pathlib import Path

from include.core.finding import Finding

MAX_BYTES = 1024 * 1024
"""Files that people write are smaller. Reading stops here, whatever lies at the path."""
_BOM = "\ufeff"


def inspect(path: Path) -> tuple[str | None, list[Finding]]:
    """The text of a file without byte order mark and with LF line ends, and what is wrong; None if it cannot be read."""
    if path.is_dir():
        return None, [_error(path, "is a folder, not a file.", "Rename it, or move the file out of it.")]
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        return None, [_error(path, f"cannot be read ({error.strerror}).", "Restore the file, or its permissions.")]
    if len(raw) > MAX_BYTES:
        return None, [_error(path, f"is larger than {MAX_BYTES // 1024} KB.", "Check that it is the right file.")]
    return _decode(path, raw)


def stamps(folder: Path) -> frozenset[tuple[str, int]]:
    """The files of a folder with the times of their last changes (ns): another value when what they say may differ.

    Empty if there is no such folder.
    """
    if not folder.is_dir():
        return frozenset()
    with os.scandir(folder) as entries:
        return frozenset((entry.name, entry.stat().st_mtime_ns) for entry in entries)


def _decode(path: Path, raw: bytes) -> tuple[str | None, list[Finding]]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        remedy = "Save the file as UTF-8 (in the editor: Save with encoding)."
        return None, [Finding("error", path, line, "is not UTF-8.", remedy)]
    found = []
    if text.startswith(_BOM):
        found.append(Finding("warning", path, 1, "starts with a byte order mark (BOM).", "Save it as UTF-8 without BOM."))
    if "\r\n" in text:
        line = text.count("\n", 0, text.index("\r\n")) + 1
        found.append(Finding("warning", path, line, "has Windows line ends (CRLF).", "Save it with line ends LF."))
    if not text.removeprefix(_BOM).strip():
        found.append(_error(path, "is empty.", "Write it, or delete the file."))
    return text.removeprefix(_BOM).replace("\r\n", "\n"), found


def _error(path: Path, what: str, remedy: str) -> Finding:
    return Finding("error", path, 1, what, remedy)
