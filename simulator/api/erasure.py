"""Erases people from the accepted messages and from the bodies of their requests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import groupby

import msgspec
from msgspec import UNSET

from simulator.api.payload import DECODER, Address, Personalization
from simulator.inbox.marks import ERASED
from simulator.recipients.rates import provider_of

FIND = "select request, position, seq from accepted where lower(email) in ({marks}) order by request"
ERASE = f"update accepted set email = 'erased', words = '', marks = marks | {ERASED} where seq = ?"
BATCH = 500


def erase_messages(connection: sqlite3.Connection, addresses: Iterable[str]) -> None:
    """Remove address, name and values of everybody with one of the addresses; keys and counts stay."""
    wanted = sorted({address.lower() for address in addresses})
    for first in range(0, len(wanted), BATCH):
        some = wanted[first : first + BATCH]
        rows = connection.execute(FIND.format(marks=", ".join("?" * len(some))), some).fetchall()
        for request, found in groupby(rows, key=lambda row: row[0]):
            _erase_from_request(connection, request, [position for _, position, _ in found])
        connection.executemany(ERASE, [(seq,) for _, _, seq in rows])


def _erase_from_request(connection: sqlite3.Connection, request: int, positions: list[int]) -> None:
    body = connection.execute("select body from requests where id = ?", (request,)).fetchone()[0]
    mail = DECODER.decode(body)
    for position in positions:
        mail.personalizations[position] = _erased(mail.personalizations[position])
    connection.execute("update requests set body = ? where id = ?", (msgspec.json.encode(mail), request))


def _erased(person: Personalization) -> Personalization:
    """Keys and times of a personalization. The address keeps its provider, on which the rest of its timeline depends."""
    address = person.to[0].email if person.to else ""
    return Personalization(
        to=[Address(email=f"erased@{provider_of(address)}.invalid")],
        substitutions=dict.fromkeys(person.substitutions or {}, ""),
        dynamic_template_data=dict.fromkeys(person.dynamic_template_data, "") if person.dynamic_template_data else UNSET,
        custom_args=person.custom_args,
        send_at=person.send_at,
    )
