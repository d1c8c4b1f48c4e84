"""Looks up the person of a request: subscriber ids and addresses, in the warehouse and in what was landed."""

from __future__ import annotations

import secrets as random_source
from collections.abc import Iterable

from include.core.keys import address_key, normalise_address
from include.core.person import Person
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse


def subscriber_ids(stores: Stores, address: str) -> tuple[str, ...]:
    """The subscribers who hold the address; empty if nobody does or did."""
    key = address_key(stores.secrets.address_key, address)
    with open_warehouse(stores.paths) as warehouse:
        return tuple(fetch(warehouse, "privacy", "person_ids", {"address_key": key})["subscriber_id"].to_pylist())


def find_person(stores: Stores, address: str, ids: tuple[str, ...], landed: Iterable[str]) -> Person:
    """The person with all their addresses: the requested one, those of the warehouse, and those of `landed` rows of the ids.

    Landed rows have former addresses in clear, which the warehouse knows by key only. An address that another subscriber has
    now is not theirs any more.
    """
    secret = stores.secrets.address_key
    with open_warehouse(stores.paths) as warehouse:
        known = fetch(warehouse, "privacy", "person_addresses", {"ids": list(ids)}).to_pylist()
    keys = {address_key(secret, address), *(row["address_key"] for row in known)}
    texts = {address, *(row["email"] for row in known if row["email"]), *landed}
    addresses = {normalise_address(text) for text in texts if address_key(secret, text) in keys}
    pseudonym = f"erased-{random_source.token_hex(8)}"
    return Person(ids, tuple(sorted(addresses)), tuple(sorted(keys)), pseudonym)
