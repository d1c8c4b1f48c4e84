"""Keys and tokens are opaque, equal in Python and SQL, and cannot be forged."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core import token
from include.core.keys import address_key, hmac_pads, message_key, normalise_address, rekeyed, subscriber_key
from include.core.secrets import Secrets
from include.warehouse.connection import configure, prepare

SECRETS = Secrets(b"a" * 32, {1: b"k" * 32, 2: b"l" * 32})
SUBJECT = token.Subject(message_key("spring", "once", "7"), address_key(SECRETS.address_key, "u@example.org"))
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


@pytest.fixture(scope="module")
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    configure(connection)
    prepare(connection)
    return connection


@given(NAMES, NAMES, NAMES)
def test_message_keys_are_equal_in_python_and_sql(
    warehouse: duckdb.DuckDBPyConnection, campaign: str, occurrence: str, subscriber: str
) -> None:
    found = warehouse.execute("select message_key($1, $2, $3)", [campaign, occurrence, subscriber]).fetchone()
    assert found == (message_key(campaign, occurrence, subscriber),)


@given(st.uuids(), st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=80))
def test_unsubscribe_tokens_are_equal_in_python_and_sql(
    warehouse: duckdb.DuckDBPyConnection, key: object, address: bytes, signing: bytes
) -> None:
    secrets = Secrets(b"a" * 32, {3: signing})
    subject = token.Subject(str(key), address.hex())
    pads = hmac_pads(signing)
    values = [bytes((token.VERSION, 3)), *pads, subject.message_key, subject.address_key]
    found = warehouse.execute("select unsubscribe_token($1, $2, $3, $4, $5)", values).fetchone()
    assert found == (token.mint(secrets, subject),)


@given(st.uuids(), st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=80), st.integers(0, 2**32 - 1))
def test_confirmation_tokens_are_equal_in_python_and_sql(
    warehouse: duckdb.DuckDBPyConnection, key: object, address: bytes, signing: bytes, valid_until: int
) -> None:
    secrets = Secrets(b"a" * 32, {3: signing})
    subject = token.Subject(str(key), address.hex(), valid_until)
    head = token.header(secrets, token.CONFIRM, valid_until)
    values = [head, *hmac_pads(signing), subject.message_key, subject.address_key]
    found = warehouse.execute("select confirm_token($1, $2, $3, $4, $5)", values).fetchone()
    assert found == (token.mint(secrets, subject, token.CONFIRM),)
    assert token.verify(secrets, found[0], token.CONFIRM) == subject


def test_a_token_is_valid_only_for_its_purpose() -> None:
    unsubscribing = token.mint(SECRETS, SUBJECT)
    confirming = token.mint(SECRETS, replace(SUBJECT, valid_until=1_800_000_000), token.CONFIRM)
    assert token.verify(SECRETS, unsubscribing, token.CONFIRM) is None
    assert token.verify(SECRETS, confirming) is None


@given(st.integers(0, 69), st.integers(1, 255))
def test_a_confirmation_token_with_a_changed_byte_is_invalid(position: int, change: int) -> None:
    minted = token.mint(SECRETS, replace(SUBJECT, valid_until=1_800_000_000), token.CONFIRM)
    raw = bytearray(base64.urlsafe_b64decode(minted + "=="))
    raw[position] ^= change
    assert token.verify(SECRETS, base64.urlsafe_b64encode(raw).decode().rstrip("="), token.CONFIRM) is None


def test_tokens_of_every_configured_key_are_valid() -> None:
    old = token.mint(Secrets(b"a" * 32, {1: b"k" * 32}), SUBJECT)
    assert token.verify(SECRETS, old) == SUBJECT
    assert token.verify(SECRETS, token.mint(SECRETS, SUBJECT)) == SUBJECT
    assert token.verify(Secrets(b"a" * 32, {2: b"l" * 32}), old) is None


@given(st.integers(0, 65), st.integers(1, 255))
def test_a_token_with_a_changed_byte_is_invalid(position: int, change: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(token.mint(SECRETS, SUBJECT)))
    raw[position] ^= change
    assert token.verify(SECRETS, base64.urlsafe_b64encode(raw).decode().rstrip("=")) is None


@given(st.text(max_size=120))
def test_arbitrary_text_is_not_a_token(text: str) -> None:
    assert token.verify(SECRETS, text) is None


def test_a_token_does_not_contain_the_address() -> None:
    assert b"example" not in base64.urlsafe_b64decode(token.mint(SECRETS, SUBJECT))


@pytest.mark.parametrize("same", ["u@example.org", " U@Example.ORG ", "\uff55@example.org"])
def test_spellings_of_an_address_have_the_same_key(same: str) -> None:
    assert normalise_address(same) == "u@example.org"
    assert address_key(SECRETS.address_key, same) == SUBJECT.address_key


@given(st.binary(min_size=1, max_size=100), st.text(max_size=40))
def test_an_address_key_is_an_hmac(secret: bytes, address: str) -> None:
    """The two hashes are those of Python's `hmac`, also for a key that is longer than a block."""
    expected = hmac.digest(secret, normalise_address(address).encode("utf-8", "surrogatepass"), "sha256").hex()
    assert address_key(secret, address) == expected


def test_a_different_secret_gives_a_different_address_key() -> None:
    assert address_key(b"b" * 32, "u@example.org") != SUBJECT.address_key


def test_a_tombstone_of_a_subscriber_id_is_found_after_a_rotation_and_is_no_address() -> None:
    first, second = b"1" * 32, b"2" * 32
    tombstone = subscriber_key(first, "S1")
    assert rekeyed([second], tombstone) == subscriber_key((first, second), "S1")
    assert tombstone not in {subscriber_key(first, "S2"), address_key(first, "S1")}
