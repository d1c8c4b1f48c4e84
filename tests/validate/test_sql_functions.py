"""Addresses have the same keyed hash in SQL and Python, whatever a source writes, and the keys are in no text of SQL."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_quality.addresses import ascii_form
from include.core.keys import AddressSecret, address_key, keys_of
from include.validate.sql_functions import register_address_functions

SECRETS: dict[str, AddressSecret] = {
    "one key": b"a key of 32 bytes, not a real one",
    "rotated": (b"the first of three", b"the second of three keys", b"longer than a block of SHA-256: " * 3),
}
SPACES = st.text(" \t\n\r\x0b\x0c\x1c\x1f\x7f\x85\xa0\u2003\u3000", max_size=3)
ASCII = st.text(st.characters(max_codepoint=127), max_size=30)
ADDRESSES = st.one_of(
    st.text(max_size=30),
    st.tuples(SPACES, st.one_of(ASCII, st.emails(), st.just("ÄNN@BÜCHER.example")), SPACES).map("".join),
).filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text))


@pytest.fixture(scope="module", params=SECRETS)
def hashing(request: pytest.FixtureRequest) -> Iterator[tuple[duckdb.DuckDBPyConnection, AddressSecret]]:
    """A connection with the functions, and their secret."""
    with duckdb.connect() as connection:
        register_address_functions(connection, SECRETS[request.param])
        yield connection, SECRETS[request.param]


@given(st.lists(ADDRESSES, min_size=1, max_size=20))
def test_addresses_have_the_same_key_in_sql_and_python(
    hashing: tuple[duckdb.DuckDBPyConnection, AddressSecret], addresses: list[str]
) -> None:
    connection, secret = hashing
    query = "select mailable_address(email), keyed_address(email) from (select unnest($emails::varchar[]) as email)"

    found = connection.execute(query, {"emails": addresses}).fetchall()

    mailable = [ascii_form(address.strip(" \xa0")) for address in addresses]
    assert found == [(address, address_key(secret, address)) for address in mailable]


def test_no_text_of_sql_has_a_key(hashing: tuple[duckdb.DuckDBPyConnection, AddressSecret]) -> None:
    connection, secret = hashing
    definitions = "select function_name, macro_definition from duckdb_functions() where not internal"

    stored = dict(connection.execute(definitions).fetchall())

    assert stored["hashed_address"].count("keyed_hash(getvariable('address_keys')[") == len(keys_of(secret))
    assert not any("\\x" in text for text in stored.values())
