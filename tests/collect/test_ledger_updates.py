"""Updates of the ledger from events: suppressions and evidence for messages in doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import String, Table, insert

from include.collect import suppress
from include.collect.doubt import resolve_doubt
from include.collect.suppress import suppress_from_events
from include.core.keys import address_key
from include.edge.spool import write_unsubscribe
from include.ledger import suppressions
from include.ledger.database import Ledger
from include.ledger.doubt import in_doubt_chunks
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression, reasons_in_force
from include.ledger.tables import chunks, plans
from tests.collect.conftest import SENT, World, make_event

EVENTS_AND_REASONS: list[tuple[dict[str, object], set[str]]] = [
    ({"event": "bounce", "type": "bounce", "bounce_classification": "Invalid Address"}, {"hard_bounce"}),
    ({"event": "bounce", "type": "bounce", "bounce_classification": "Something New"}, {"hard_bounce"}),
    ({"event": "bounce", "type": "bounce", "bounce_classification": "Reputation"}, set()),
    ({"event": "bounce", "type": "blocked", "bounce_classification": "Invalid Address"}, set()),
    ({"event": "deferred", "response": "421"}, set()),
    ({"event": "dropped", "reason": "Bounced Address"}, {"hard_bounce"}),
    ({"event": "dropped", "reason": "Invalid"}, {"invalid_address"}),
    ({"event": "dropped", "reason": "Spam Reporting Address"}, {"spam_complaint"}),
    ({"event": "dropped", "reason": "Unsubscribed Address"}, {"unsubscribe"}),
    ({"event": "dropped", "reason": "Spam Content"}, set()),
    ({"event": "spamreport"}, {"spam_complaint"}),
    ({"event": "unsubscribe"}, {"unsubscribe"}),
    ({"event": "group_unsubscribe", "asm_group_id": 1}, {"unsubscribe"}),
    ({"event": "open"}, set()),
    ({"event": "delivered"}, set()),
]


def test_each_kind_of_event_suppresses_with_its_reason_and_only_once(world: World, ledger: Ledger) -> None:
    people = world.send(len(EVENTS_AND_REASONS))
    world.load(
        [{**make_event(person, "x"), **fields} for person, (fields, _) in zip(people, EVENTS_AND_REASONS, strict=True)]
    )
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {
        "hard_bounce": 3,
        "invalid_address": 1,
        "spam_complaint": 2,
        "unsubscribe": 3,
    }
    for person, (fields, expected) in zip(people, EVENTS_AND_REASONS, strict=True):
        assert reasons_in_force(ledger, person.address_key) == expected, fields
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {}


def test_events_of_unknown_messages_suppress_except_group_unsubscribes(world: World, ledger: Ledger) -> None:
    people = world.send(5)
    kinds = [
        {"event": "spamreport"},
        {"event": "bounce", "type": "bounce"},
        {"event": "spamreport", "timestamp": "soon"},
        {"event": "bounce", "type": "blocked"},
        {"event": "group_unsubscribe"},
    ]
    unknown = [{**make_event(person, "x"), "tw_key": "theirs", **kind} for person, kind in zip(people, kinds, strict=True)]
    assert world.load(unknown)["quarantined"] == 5
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {"hard_bounce": 1, "spam_complaint": 2}


def test_an_event_from_before_the_resubscription_does_not_suppress(world: World, ledger: Ledger) -> None:
    (ada,) = world.send()
    world.load([make_event(ada, "unsubscribe", 100)])
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {"unsubscribe": 1}
    assert suppressions.lift(ledger, ada.address_key, "preference_page")
    world.load([make_event(ada, "group_unsubscribe", 50)])
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {}
    later = datetime.now(UTC) + timedelta(hours=1)
    world.load([make_event(ada, "unsubscribe", int(later.timestamp()) - SENT)], received=later)
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {"unsubscribe": 1}


def test_after_a_crash_between_the_two_commits_the_batches_are_read_again(
    world: World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ada,) = world.send()
    world.load([make_event(ada, "spamreport")])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(suppress, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            suppress_from_events(Stores(world.paths, ledger, world.secrets))
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {}
    assert reasons_in_force(ledger, ada.address_key) == {"spam_complaint"}


def test_an_event_released_from_quarantine_suppresses(world: World, ledger: Ledger) -> None:
    (ada,) = world.send()
    world.query("create table saved as from dispatch.sends; delete from dispatch.sends")
    world.load([make_event(ada, "group_unsubscribe")])
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {}
    world.query("insert into dispatch.sends from saved")
    assert world.load()["released"] == 1
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {"unsubscribe": 1}


def test_the_mailed_address_is_suppressed_however_the_event_spells_it(world: World, ledger: Ledger) -> None:
    (ada,) = world.send()
    world.load([make_event(ada, "spamreport", email="Person0@EXAMPLE.org")])
    suppress_from_events(Stores(world.paths, ledger, world.secrets))
    assert reasons_in_force(ledger, address_key(world.secrets.address_key, "person0@example.org")) == {"spam_complaint"}


def test_spooled_unsubscribes_are_imported_into_the_ledger(world: World, ledger: Ledger) -> None:
    keys = ["aa" * 32, "bb" * 32]
    for key in keys:
        write_unsubscribe(world.paths, Suppression(key, "unsubscribe", "one_click", 1000.0, "m"))
    suppressions.suppress(ledger, [Suppression(keys[1], "unsubscribe", "one_click", 500.0)])
    assert suppressions.lift(ledger, keys[1], "preference_page")
    (world.paths.spool / "unsubscribes" / "torn.json").write_bytes(b"{")
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {"unsubscribe": 1}
    assert [reasons_in_force(ledger, key) for key in keys] == [{"unsubscribe"}, set()]
    assert [path.name for path in (world.paths.spool / "unsubscribes").iterdir()] == ["torn.json"]
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {}


def insert_chunk_in_doubt(ledger: Ledger, recipients: int) -> None:
    """Insert a plan whose first chunk is in doubt after its second attempt."""
    plan = {"plan_id": "plan", "kind": "live", "state": "sending", "selected": recipients, "planned": recipients}
    chunk = {"plan_id": "plan", "chunk": 0, "recipients": recipients, "state": "in_doubt", "attempt": 2}
    with ledger.write() as connection:
        connection.execute(insert(plans).values(with_defaults(plans, plan)))
        connection.execute(insert(chunks).values(with_defaults(chunks, chunk)))


def with_defaults(table: Table, values: dict[str, object]) -> dict[str, object]:
    """The values, with an empty text or 0 in every other column that is not nullable."""
    empty = {column.name: "" if isinstance(column.type, String) else 0 for column in table.c if not column.nullable}
    return {**empty, **values}


def test_only_events_of_the_chunk_and_attempt_in_doubt_prove(world: World, ledger: Ledger) -> None:
    ada, ben, cem, _dan = world.send(4, state="in_doubt", x_message_id=None)
    world.load(
        [
            make_event(ada, "delivered", tw_try="2"),
            make_event(ada, "open", 200, tw_try="2"),
            make_event(ben, "delivered", tw_try="1"),
            make_event(cem, "dropped", tw_try="2", tw_chunk="plan.1", reason="Invalid"),
        ]
    )
    assert resolve_doubt(Stores(world.paths, ledger, world.secrets))["proved"] == 0
    insert_chunk_in_doubt(ledger, 4)
    assert resolve_doubt(Stores(world.paths, ledger, world.secrets)) == {
        "chunks": 1,
        "messages": 4,
        "evidence": 1,
        "proved": 1,
    }
    world.load([make_event(ben, "dropped", tw_try="2", reason="Invalid")])
    assert resolve_doubt(Stores(world.paths, ledger, world.secrets)) == {
        "chunks": 1,
        "messages": 4,
        "evidence": 2,
        "proved": 1,
    }
    world.load([make_event(person, "processed", tw_try="2") for person in world.people])
    assert resolve_doubt(Stores(world.paths, ledger, world.secrets))["proved"] == 2
    assert in_doubt_chunks(ledger) == []


def test_a_quarantined_event_proves_a_test_send(world: World, ledger: Ledger) -> None:
    (ada,) = world.send()
    world.query("delete from dispatch.sends")
    world.load([make_event(ada, "delivered", tw_try="2")])
    insert_chunk_in_doubt(ledger, 1)
    assert resolve_doubt(Stores(world.paths, ledger, world.secrets))["proved"] == 1
