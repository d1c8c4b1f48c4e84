"""`hits(path, needles)` finds forbidden text in files and folders, also inside SQLite, DuckDB, Parquet, gzip and zip.

For any part of the data folder, for Airflow's home and for its logs:

    from tests.leak.grep import hits
    assert hits(installation.airflow_home, [*addresses, *names, api_key]) == []

Case does not matter. Each needle is looked for as it is, percent-encoded, as JSON and HTML escape it, and in base64.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import duckdb
import pyarrow.parquet as pq

SHORTEST = 4
_AROUND = 60
Trie = dict[int, "Trie"]


class Hit(NamedTuple):
    """`store` is a table, a column, or '' for the file's own bytes; `around` is the text around the needle."""

    path: str
    store: str
    needle: str
    around: str


def hits(path: Path, needles: Iterable[str], *, skip: Collection[Path] = (), skip_tables: Collection[str] = ()) -> list[Hit]:
    """Every needle that a file contains, once per file and store. Folders are searched recursively, file names included.

    `skip`: files and folders that may hold them. `skip_tables`: tables of a database that may, as `schema.table`; then its
    other tables are searched, but not its raw bytes. Raises `ValueError` for a needle that is too short to mean anything.
    """
    search = _Search(needles)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    wanted = [file for file in files if not any(file == each or each in file.parents for each in skip)]
    found: list[Hit] = []
    for file in wanted:
        found += search.within(file, "(name)", [str(file.relative_to(path.parent)).encode()])
        if file.is_file() and not file.is_symlink():
            for store, texts in _contents(file, frozenset(skip_tables)):
                found += search.within(file, store, texts)
    return found


class _Search:
    """One pattern for all forms of all needles: a trie, so that many needles cost little more than one."""

    def __init__(self, needles: Iterable[str]) -> None:
        self._of_form: dict[bytes, str] = {}
        for needle in needles:
            if len(needle) < SHORTEST:
                raise ValueError(f"'{needle}' is too short to look for")
            self._of_form |= dict.fromkeys(_forms(needle), needle)
        trie: Trie = {}
        for form in self._of_form:
            level = trie
            for byte in form:
                level = level.setdefault(byte, {})
            level[-1] = {}
        self._pattern = re.compile(_pattern(trie)) if trie else None

    def within(self, file: Path, store: str, texts: Iterable[bytes]) -> list[Hit]:
        found: dict[str, Hit] = {}
        for text in texts:
            lower = text.lower()
            for match in self._pattern.finditer(lower) if self._pattern else ():
                needle = self._of_form[match[0]]
                around = lower[max(0, match.start() - _AROUND) : match.end() + _AROUND].decode(errors="replace")
                found.setdefault(needle, Hit(str(file), store, needle, around))
        return list(found.values())


def _forms(needle: str) -> set[bytes]:
    """The forms as bytes in lower case. Non-ASCII letters appear in both cases, since only ASCII bytes can be folded."""
    plain = needle.lower()
    forms = {plain, quote(plain, safe=""), json.dumps(plain)[1:-1], html.escape(plain), plain.replace("@", "&#64;")}
    forms |= {plain.replace("@", "\\u0040"), plain.replace("@", "=40"), needle.upper(), needle.title()}
    encoded = {form.encode().lower() for form in forms} | {plain.encode("utf-16-le")}
    return encoded | _base64_forms(needle)


def _base64_forms(needle: str) -> set[bytes]:
    """The part of the needle's base64 that does not depend on the surrounding text, at each of the three offsets."""
    found = set()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + needle.encode())
        whole = text[(0, 2, 3)[before] : -4]
        if len(whole) >= 3 * SHORTEST:
            found.add(whole.lower())
    return found


def _pattern(trie: Trie) -> bytes:
    """The trie as a regular expression; of two forms with a common prefix, the shorter matches first."""
    if -1 in trie:
        return b""
    branches = [re.escape(bytes([byte])) + _pattern(rest) for byte, rest in trie.items()]
    return branches[0] if len(branches) == 1 else b"(?:" + b"|".join(branches) + b")"


def _contents(file: Path, skip_tables: frozenset[str]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """A file's own bytes, then its decoded content."""
    head = _head(file)
    kind = _kind(head)
    if not (kind in ("sqlite", "duckdb") and skip_tables):
        yield "", [file.read_bytes()]
    if kind == "gzip":
        yield "gunzipped", [gzip.decompress(file.read_bytes())]
    elif kind == "zip":
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                yield name, [archive.read(name)]
    elif kind == "parquet":
        table = pq.read_table(file)
        for name in table.column_names:
            yield name, _joined(table[name].to_pylist())
    elif kind in ("sqlite", "duckdb"):
        yield from _tables(file, kind, skip_tables)


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(16)


def _kind(head: bytes) -> str:
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    marks = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"PAR1": "parquet"}
    return "duckdb" if head[8:12] == b"DUCK" else next((kind for mark, kind in marks.items() if head.startswith(mark)), "")


def _tables(file: Path, kind: str, skip_tables: frozenset[str]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Every table of a copy of the database with its write-ahead log applied: the copy needs no lock."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(file, folder))
        for suffix in ("-wal", ".wal"):
            log = file.with_name(file.name + suffix)
            if log.exists():
                shutil.copy(log, folder)
        yield from _sqlite(copy, skip_tables) if kind == "sqlite" else _duckdb(copy, skip_tables)


def _sqlite(file: Path, skip_tables: frozenset[str]) -> Iterator[tuple[str, Iterable[bytes]]]:
    connection = sqlite3.connect(file)
    connection.text_factory = bytes
    names = [row[0].decode() for row in connection.execute("select name from sqlite_master where type = 'table'")]
    for name in sorted(set(names) - skip_tables):
        rows = connection.execute(f'select * from "{name}"')
        yield name, _joined(value for row in rows for value in row)
    connection.close()


def _duckdb(file: Path, skip_tables: frozenset[str]) -> Iterator[tuple[str, Iterable[bytes]]]:
    with duckdb.connect(str(file)) as connection:
        query = "select table_schema || '.' || table_name from information_schema.tables where table_type = 'BASE TABLE'"
        for (name,) in connection.execute(query).fetchall():
            if name not in skip_tables:
                schema, table = name.split(".", 1)
                rows = connection.execute(f'select * from "{schema}"."{table}"').fetchall()
                yield name, _joined(value for row in rows for value in row)


def _joined(values: Iterable[object]) -> list[bytes]:
    """All values as one text; gzip values (a stored body, a serialised DAG) are also unpacked."""
    parts: list[bytes] = []
    for value in values:
        if isinstance(value, bytes):
            parts.append(value)
            if value.startswith(b"\x1f\x8b"):
                parts.append(gzip.decompress(value))
        elif value is not None and not isinstance(value, (bool, int, float)):
            parts.append(str(value).encode(errors="replace"))
    return [b"\n".join(parts)]
