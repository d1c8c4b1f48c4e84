"""Addresses inside SQL: two functions that DuckDB calls with whole columns.

`mailable_address(email)` is the address as it is stored and sent to; `keyed_address(email)` its keyed hash, the same as the
ledger's, since both come from core.keys.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.sqltypes import VARCHAR

from data_quality.addresses import ascii_form
from include.core.keys import address_key

_SPACES = " \xa0"


def register(connection: duckdb.DuckDBPyConnection, secret: bytes) -> None:
    """Make both functions known. They never fail, since SQL may evaluate them on rows that it then filters out."""
    arrow: Any = "arrow"  # DuckDB's stubs take an enumeration only; the word is what its documentation says.
    for name, function in (("mailable_address", _mailable), ("keyed_address", partial(_keyed, secret))):
        connection.create_function(name, function, [VARCHAR], VARCHAR, type=arrow)


def _mailable(emails: pa.ChunkedArray) -> pa.Array:
    return pa.array([ascii_form(email.strip(_SPACES)) for email in emails.to_pylist()], pa.string())


def _keyed(secret: bytes, emails: pa.ChunkedArray) -> pa.Array:
    keys = (address_key(secret, ascii_form(email.strip(_SPACES))) for email in emails.to_pylist())
    return pa.array(list(keys), pa.string())
