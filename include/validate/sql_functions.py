"""SQL functions that normalise and hash e-mail addresses.

`mailable_address(email)` returns the address as it is stored and sent to. `keyed_address(email)` returns its keyed hash,
which is also the ledger's: equal to `include.core.keys.address_key`. Both are macros (include/sql/validate/) that call a
Python function for addresses that are not ASCII.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.sqltypes import VARCHAR

from data_quality.addresses import ascii_form
from include.core.keys import AddressSecret, address_key, hmac_pads, keys_of
from include.warehouse.connection import run

_SPACES = " \xa0"


def register_address_functions(connection: duckdb.DuckDBPyConnection, secret: AddressSecret) -> None:
    """Register both for this connection. They never raise, since DuckDB may evaluate them on rows that a filter removes.

    The keys are a variable of the session and in no text of SQL; the plan of a statement (EXPLAIN) shows them.
    """
    arrow: Any = "arrow"  # DuckDB's type stubs accept only an enumeration; its documentation says the string.
    for name, function in (("mailable_unicode_address", _mailable), ("keyed_unicode_address", partial(_keyed, secret))):
        connection.create_function(name, function, [VARCHAR], VARCHAR, type=arrow)
    keys = [dict(zip(("inner_pad", "outer_pad"), hmac_pads(key), strict=True)) for key in keys_of(secret)]
    connection.execute("set variable address_keys = $keys", {"keys": keys})
    run(connection, "validate", "keyed_hash")
    connection.execute(f"create or replace temp macro hashed_address(address) as {_hashed(len(keys))}")
    for name in ("mailable_address", "keyed_address"):
        run(connection, "validate", name)


def _hashed(keys: int) -> str:
    """The expression that hashes `address` with the first key and each result with the next."""
    return reduce(
        lambda text, place: f"keyed_hash(getvariable('address_keys')[{place}], {text})", range(1, keys + 1), "address"
    )


def _mailable(emails: pa.ChunkedArray) -> pa.Array:
    return pa.array([ascii_form(email.strip(_SPACES)) for email in emails.to_pylist()], pa.string())


def _keyed(secret: AddressSecret, emails: pa.ChunkedArray) -> pa.Array:
    keys = (address_key(secret, ascii_form(email.strip(_SPACES))) for email in emails.to_pylist())
    return pa.array(list(keys), pa.string())
