"""Everything about one person as one zip: one JSON file, and one CSV file per table (articles 15 and 20 GDPR)."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from include.core.durable import write_durably
from include.core.paths import DataPaths
from include.core.person import Person
from include.core.privacy_request import PrivacyRequest
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import journey_entries, metadata
from include.privacy import scan, tables
from include.warehouse.connection import open_warehouse

Rows = Sequence[Mapping[str, Any]]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet evaluates a cell that starts so: https://owasp.org/www-community/attacks/CSV_Injection"""


def export_person(stores: Stores, request: PrivacyRequest, person: Person) -> dict[str, Any]:
    """Write `privacy/exports/<request>.zip`, readable by its owner only; return its path and the rows by table."""
    found = {**_of_warehouse(stores.paths, person), **_of_ledger(stores.ledger, person)}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        about = {"request": request.id, "requested_at": request.requested_at, "addresses": list(person.addresses)}
        document = {**about, "subscriber_ids": list(person.subscriber_ids), "tables": found}
        archive.writestr("person.json", json.dumps(document, indent=1, default=str, ensure_ascii=False))
        for name, rows in found.items():
            archive.writestr(f"{name}.csv", as_csv(rows))
    path = stores.paths.privacy / "exports" / f"{request.id}.zip"
    write_durably(path, content.getvalue(), mode=0o600)
    return {"file": str(path.relative_to(stores.paths.root)), "rows": {name: len(rows) for name, rows in found.items()}}


def delete_exports(paths: DataPaths, person: Person) -> int:
    """Delete earlier exports that contain the person; return their number."""
    exports = [path for path in sorted((paths.privacy / "exports").glob("*.zip")) if scan.is_in_file(path, person)]
    for path in exports:
        path.unlink()
    return len(exports)


def as_csv(rows: Rows) -> str:
    """The rows as CSV (RFC 4180). A text that a spreadsheet would evaluate gets an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(rows[0].keys())
    writer.writerows([_safe(value) for value in row.values()] for row in rows)
    return text.getvalue()


def _safe(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _of_warehouse(paths: DataPaths, person: Person) -> dict[str, Rows]:
    with open_warehouse(paths) as warehouse:
        found = {
            str(table): tables.rows(warehouse, table, person).to_pylist() for table in tables.tables_with_people(warehouse)
        }
    return {name: rows for name, rows in found.items() if rows}


def _of_ledger(ledger: Ledger, person: Person) -> dict[str, Rows]:
    """What the ledger holds of the person: consent, suppressions, mail withheld at SendGrid, and ways through journeys."""
    found: dict[str, Rows] = {}
    entries = select(journey_entries.c.entry_id).where(journey_entries.c.subscriber_id.in_(person.subscriber_ids))
    theirs: dict[str, Any] = {
        "address_key": person.address_keys,
        "subscriber_id": person.subscriber_ids,
        "entry_id": entries,
    }
    with ledger.read() as connection:
        for table in metadata.sorted_tables:
            if name := next((name for name in theirs if name in table.columns), None):
                query = select(table).where(table.c[name].in_(theirs[name]))
                if rows := [dict(row) for row in connection.execute(query).mappings()]:
                    found[f"ledger.{table.name}"] = rows
    return found
