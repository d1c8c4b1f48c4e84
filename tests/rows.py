"""Rows that satisfy the data contract, and sources of every kind that contain them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]


def subscriber(number: int, **changes: Any) -> Row:
    """A valid subscriber row, with optional changes."""
    return {
        "subscriber_id": f"S{number}",
        "email": f"person{number}@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "country": "GB",
        "locale": "en-GB",
        "timezone": "Europe/London",
        "signed_up_at": "2025-05-01 10:00:00",
        "status": "subscribed",
        "lawful_basis": "consent",
        "consent_source": "checkout",
        "consented_at": "2025-05-01 10:00:05",
        "consent_wording": "v1",
        "consent_expires_at": None,
        "tracking_consent": "true",
        "updated_at": "2025-06-01 00:00:00",
        "attributes": '{"genre": "jazz"}',
    } | changes


def purchase(number: int, **changes: Any) -> Row:
    """A valid purchase row, with optional changes."""
    return {
        "purchase_id": f"P{number}",
        "subscriber_id": f"S{number}",
        "purchased_at": "2025-07-01 00:00:00",
        "amount": "11.77",
        "currency": "USD",
        "items": "1",
    } | changes


def activity(number: int, **changes: Any) -> Row:
    """A valid activity row, with optional changes."""
    return {
        "activity_id": f"A{number}",
        "subscriber_id": f"S{number}",
        "name": "page_view",
        "happened_at": "2025-07-01 12:00:00",
        "properties": '{"page": "/jazz"}',
    } | changes


_EXAMPLES = {"subscribers": subscriber, "purchases": purchase, "activities": activity}


def sqlite_source(path: Path, **relations: list[Row]) -> str:
    """Write the relations into an SQLite file, all columns as text; returns its URL."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    for name, rows in relations.items():
        columns = list(rows[0] if rows else _EXAMPLES[name](0))
        declared = ", ".join(f'"{column}" text' for column in columns)
        connection.execute(f"create table {name} ({declared})")
        placeholders = ", ".join("?" * len(columns))
        connection.executemany(
            f"insert into {name} values ({placeholders})", [tuple(row[column] for column in columns) for row in rows]
        )
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


def csv_source(folder: Path, *, compressed: bool = False, **relations: list[Row]) -> str:
    """Write one CSV file per relation into a folder, optionally with gzip; returns its URL."""
    folder.mkdir(exist_ok=True)
    for name, rows in relations.items():
        _write(folder / f"{name}.csv", _csv(rows, ","), compressed)
    return f"file://{folder}"


def tsv_source(folder: Path, **relations: list[Row]) -> str:
    """Write one TSV file per relation into a folder; returns its URL."""
    folder.mkdir(exist_ok=True)
    for name, rows in relations.items():
        _write(folder / f"{name}.tsv", _csv(rows, "\t"), compressed=False)
    return f"file://{folder}"


def _csv(rows: list[Row], delimiter: str) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows({column: _surrogates(value) for column, value in row.items()} for row in rows)
    return text.getvalue()


def json_source(folder: Path, *, compressed: bool = False, **relations: list[Row]) -> str:
    """Write one file of JSON lines per relation into a folder, optionally with gzip; returns its URL."""
    folder.mkdir(exist_ok=True)
    for name, rows in relations.items():
        objects = ({column: _surrogates(value) for column, value in row.items()} for row in rows)
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)
        _write(folder / f"{name}.jsonl", lines, compressed)
    return f"file://{folder}"


def _surrogates(value: Any) -> Any:
    """Bytes that are not UTF-8 as text that `_write` turns into the same bytes."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _write(path: Path, text: str, compressed: bool) -> None:
    content = text.encode("utf-8", "surrogateescape")
    path.with_name(path.name + ".gz" * compressed).write_bytes(gzip.compress(content) if compressed else content)


def parquet_source(folder: Path, **relations: list[Row]) -> str:
    """Write a folder of two Parquet files per relation into a folder; returns its URL."""
    for name, rows in relations.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        middle = len(rows) // 2
        for number, part in enumerate((rows[:middle], rows[middle:])):
            schema = pa.schema([(column, pa.string()) for column in rows[0]])
            pq.write_table(pa.Table.from_pylist(part, schema=schema), folder / name / f"{number}.parquet")
    return f"file://{folder}"


def postgres_source(url: str, schema: str, types: dict[str, str] | None = None, **relations: list[Row]) -> str:
    """Create a schema with the relations on a PostgreSQL server; returns a URL whose search path is that schema."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create schema {schema}")
        connection.execute(f"set search_path = {schema}")
        for name, rows in relations.items():
            columns = ", ".join(f'"{column}" {(types or {}).get(column, "text")}' for column in rows[0])
            connection.execute(f"create table {name} ({columns})")
            placeholders = ", ".join(["%s"] * len(rows[0]))
            with connection.cursor() as cursor:
                cursor.executemany(f"insert into {name} values ({placeholders})", [tuple(row.values()) for row in rows])
    return f"{url}?options=-csearch_path%3D{schema}"
