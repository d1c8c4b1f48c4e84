"""Two SQL functions that normalise and hash e-mail addresses, vectorised over whole columns.

`mailable_address(email)` returns the address as it is stored and sent to. `keyed_address(email)` returns its keyed hash,
which is also the ledger's: both come from `include.core.keys`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.sqltypes import VARCHAR

from data_quality.addresses import ascii_form
from include.core.keys import AddressSecret, address_key

_SPACES = " \xa0"


def register_address_functions(connection: duckdb.DuckDBPyConnection, secret: AddressSecret) -> None:
    """Register both functions. They never raise, since DuckDB may evaluate them on rows that a filter removes later."""
    arrow: Any = "arrow"  # DuckDB's type stubs accept only an enumeration; its documentation says the string.
    for name, function in (("mailable_address", _mailable), ("keyed_address", partial(_keyed, secret))):
        connection.create_function(name, function, [VARCHAR], VARCHAR, type=arrow)


def _mailable(emails: pa.ChunkedArray) -> pa.Array:
    return pa.array([ascii_form(email.strip(_SPACES)) for email in emails.to_pylist()], pa.string())


def _keyed(secret: AddressSecret, emails: pa.ChunkedArray) -> pa.Array:
    keys = (address_key(secret, ascii_form(email.strip(_SPACES))) for email in emails.to_pylist())
    return pa.array(list(keys), pa.string())
