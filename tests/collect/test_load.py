"""Loading the spool: each event once, in any order, and none lost."""

from __future__ import annotations

import os
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from include.collect import load, spool
from include.collect.scrub import scrub_link
from include.collect.suppress import suppress_from_events
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.warehouse import memory
from tests.collect.conftest import RECEIVED, SENT, World, make_event

EVENTS = "select event, message_key, subscriber_id, bounce_class, reason, url from engagement.events order by all"


def test_every_kind_of_event_is_matched_to_its_message(world: World) -> None:
    (ada,) = world.send()
    kinds: dict[str, dict[str, Any]] = {
        "processed": {"smtp-id": "<x>", "pool": {"name": "p", "id": 1}},
        "dropped": {"reason": "Bounced Address"},
        "deferred": {"response": "450 try later", "attempt": "3"},
        "delivered": {"response": "250 OK for person0@example.org", "tls": 1},
        "bounce": {"type": "bounce", "bounce_classification": "Invalid Address", "status": "5.1.1", "reason": "no"},
        "open": {"useragent": "Mozilla", "sg_machine_open": False},
        "click": {"url": "https://shop.example/a", "url_offset": {"index": 1, "type": "html"}},
        "spamreport": {},
        "unsubscribe": {},
        "group_unsubscribe": {"asm_group_id": 7},
        "group_resubscribe": {"asm_group_id": 7},
    }
    counts = world.load([make_event(ada, kind, **fields) for kind, fields in kinds.items()])
    assert counts == {"files": 1, "broken": 0, "events": 11, "new": 11, "duplicates": 0, "quarantined": 0, "released": 0}
    found = world.query(
        "select event, message_key, subscriber_id, campaign, attempt, chunk from engagement.events order by event"
    )
    assert {row[0] for row in found} == {
        "processed", "dropped", "deferred", "delivered", "bounced", "opened", "clicked", "complained",
        "unsubscribed", "group_unsubscribed", "group_resubscribed",
    }  # fmt: skip
    assert {row[1:] for row in found} == {(ada.key, ada.subscriber_id, "newsletter", 1, "plan.0")}
    assert world.query("select delivery_attempt, reason from engagement.events where event = 'deferred'") == [
        (3, "450 try later")
    ]
    assert world.query("select reason from engagement.events where event = 'delivered'") == [(None,)]
    assert list((world.paths.spool / "incoming").iterdir()) == []
    assert len(list((world.paths.spool / "archive").rglob("*.json"))) == 1


def test_the_warehouse_leaves_a_core_to_the_thread_that_reads(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (ada,) = world.send()
    used, storing, limits = list[int](), load._store, memory.apply_limits

    def store(warehouse: duckdb.DuckDBPyConnection, arrivals: str) -> Counter[str]:
        used.append(warehouse.execute("select current_setting('threads')").fetchall()[0][0])
        return storing(warehouse, arrivals)

    def four_threads(connection: duckdb.DuckDBPyConnection, spill: Path | None) -> None:
        limits(connection, spill)
        connection.execute("set threads = 4")

    monkeypatch.setattr(load, "_store", store)
    monkeypatch.setattr(memory, "apply_limits", four_threads)
    world.load([make_event(ada, "open")])
    assert used == [4, 3], "all for what was quarantined, and one less beside the reading"


def test_forty_six_redeliveries_under_new_ids_are_one_event(world: World) -> None:
    (ada,) = world.send()
    counts = world.load(*[[make_event(ada, "open")] for _ in range(23)], [make_event(ada, "open") for _ in range(23)])
    assert (counts["new"], counts["duplicates"]) == (1, 45)
    again = world.load([make_event(ada, "open")])
    assert (again["new"], again["duplicates"]) == (0, 1)
    assert world.query("select count(*) from engagement.events") == [(1,)]


def test_an_event_with_a_known_id_and_other_content_is_a_duplicate(world: World) -> None:
    (ada,) = world.send()
    first = make_event(ada, "open", 60, sg_event_id="same")
    assert world.load([first, {**first, "timestamp": SENT + 61}])["new"] == 1
    assert world.load([{**first, "timestamp": SENT + 62}])["duplicates"] == 1


def test_clicks_on_other_links_or_positions_are_different_events(world: World) -> None:
    (ada,) = world.send()
    clicks = [
        make_event(ada, "click", url=url, url_offset={"index": index, "type": "html"})
        for url, index in [("https://shop.example/a", 0), ("https://shop.example/b", 1), ("https://shop.example/a", 2)]
    ]
    assert world.load(clicks, clicks)["new"] == 3


def test_equal_clicks_count_as_often_as_one_batch_reports_them(world: World) -> None:
    """A redelivery adds none: with the old ids, with new ids, of a part, or before the batch itself."""
    (ada,) = world.send()

    def clicks(count: int, *names: str, position: int = 0) -> list[dict[str, Any]]:
        link = {"url": "https://shop.example/a", "url_offset": {"index": position, "type": "html"}}
        ids = names or tuple(str(uuid.uuid4()) for _ in range(count))
        return [make_event(ada, "click", 62, sg_event_id=name, **link) for name in ids]

    late = clicks(1)
    assert world.load(clicks(0, "y", position=1), clicks(0, "x", "y", position=1))["new"] == 2
    assert world.load(clicks(0, "c"))["new"] == 1
    assert world.load(clicks(0, "b"), clicks(0, "a", "c"))["new"] == 1
    assert world.load(clicks(0, "a", "b", "c", "a"))["new"] == 1
    counts = world.load(clicks(0, "c"), clicks(3), late, late, clicks(0, "a", "b", "c"))
    assert (counts["new"], counts["duplicates"]) == (0, 9)
    assert world.load(clicks(13), clicks(13))["new"] == 10
    assert world.query("select count(*), count(distinct dedup_key) from engagement.events") == [(15, 15)]


@pytest.mark.parametrize("first", ["other time", "equal"])
def test_a_click_with_a_known_id_and_another_time_is_a_duplicate_in_either_order(world: World, first: str) -> None:
    (ada,) = world.send()
    click = make_event(ada, "click", 62, url="https://shop.example/a")
    equal = [{**click, "sg_event_id": "a"}, {**click, "sg_event_id": "b"}]
    other = [{**click, "sg_event_id": "b", "timestamp": SENT + 63}]
    for batch in (other, equal) if first == "other time" else (equal, other):
        world.load(batch)
    assert world.query("select count(*) from engagement.events") == [(2,)]


@pytest.mark.parametrize(("new", "released", "changed"), [(0, 0, False), (1, 0, True), (0, 1, True)])
def test_new_and_released_events_are_changes(new: int, released: int, changed: bool) -> None:
    assert load.has_changes({"new": new, "released": released, "duplicates": 1}) is changed


def test_equal_clicks_in_quarantine_are_all_released(world: World) -> None:
    (ada,) = world.send()
    world.query("create table saved as from dispatch.sends; delete from dispatch.sends")
    click = make_event(ada, "click", 62, url="https://shop.example/a")
    one, two, three = ({**click, "sg_event_id": name} for name in "abc")
    assert world.load([one], [two, three], [one, two])["quarantined"] == 2
    world.query("insert into dispatch.sends from saved")
    counts = world.load([three])
    assert (counts["released"], counts["duplicates"]) == (2, 1)
    assert world.query("select count(*) from engagement.events") == [(2,)]


def test_an_event_from_the_future_is_quarantined_and_still_suppresses(world: World, ledger: Ledger) -> None:
    """A time up to a day after the receipt is accepted. A complaint suppresses even with a wrong time."""
    ada, ben, eva = world.send(3)
    received = datetime(2026, 11, 24, 5, tzinfo=UTC).timestamp()
    ahead = {ada: 86_300, ben: 86_500, eva: 2 * 86_400}
    world.load(
        [{**make_event(person, "spamreport"), "timestamp": int(received) + seconds} for person, seconds in ahead.items()]
    )
    assert world.query("select message_key from engagement.events") == [(ada.key,)]
    assert world.query("select reason, count(*) from engagement.quarantined_events group by all") == [("bad_timestamp", 2)]
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {"spam_complaint": 3}


def test_a_malformed_event_is_quarantined_without_its_batch(world: World) -> None:
    ada, ben = world.send(2)
    odd: list[Any] = [
        None,
        "text",
        7,
        ["a"],
        {},
        {"event": "open"},
        {**make_event(ada, "open"), "timestamp": "soon"},
        {**make_event(ada, "open"), "timestamp": SENT * 1000},
        {**make_event(ada, "open"), "timestamp": -1},
        {**make_event(ada, "open"), "event": "rocket"},
        {**make_event(ada, "open"), "event": {"a": 1}},
        {**make_event(ada, "open", email=None), "tw_key": None},
    ]
    counts = world.load([make_event(ada, "click", url="https://a.example"), *odd, make_event(ben, "open")])
    assert counts["events"] == 14
    assert (counts["new"], counts["quarantined"]) == (2, 12)
    reasons = dict(world.query("select reason, count(*) from engagement.quarantined_events group by reason"))
    assert reasons == {"unreadable": 4, "unknown_event": 3, "bad_timestamp": 4, "no_address": 1}
    assert world.query("select events, new_events, duplicates, quarantined from engagement.spool_files") == [(14, 2, 0, 12)]


def test_unimportant_fields_of_a_wrong_type_become_null(world: World) -> None:
    (ada,) = world.send()
    event = make_event(
        ada,
        "bounce",
        type="bounce",
        status=550,
        attempt="many",
        url_offset="x",
        tw_try=1,
        tls="no",
        reason=["a"],
        useragent=1.5,
    )
    assert world.load([{**event, "timestamp": str(SENT)}])["new"] == 1
    assert world.query(
        "select smtp_status, delivery_attempt, url_index, attempt, reason, user_agent from engagement.events"
    ) == [("550", None, None, 1, None, "1.5")]


@pytest.mark.parametrize("content", [b"", b"{}", b"[{", b"null", b"\x00\x01", b"[" * 5000])
def test_an_unreadable_file_is_moved_to_broken_with_its_reason(world: World, content: bytes) -> None:
    (ada,) = world.send()
    name = world.spool(content)
    counts = world.load([make_event(ada, "open")])
    assert (counts["files"], counts["broken"], counts["new"]) == (1, 1, 1)
    assert (world.paths.spool / "broken" / name).read_bytes() == content
    reason = (world.paths.spool / "broken" / f"{name}.reason.txt").read_text().strip()
    assert reason not in ("", "None")


def test_events_with_invalid_unicode_are_read(world: World) -> None:
    (ada,) = world.send()
    lone = orjson.dumps([make_event(ada, "open", 1, useragent="HERE"), make_event(ada, "open", 2)]).replace(
        b"HERE", b"\\ud800"
    )
    wrong = orjson.dumps([make_event(ada, "open", 3, useragent="HERE"), make_event(ada, "open", 4)]).replace(
        b"HERE", b"\xff\xfe"
    )
    zero = orjson.dumps([make_event(ada, "open", 5, useragent="a\x00b")])
    assert world.load(lone, wrong, zero)["new"] == 5


def test_no_address_reaches_the_warehouse(world: World) -> None:
    (ada,) = world.send()
    response_text = f"550 5.1.1 <{ada.email}> no mailbox PERSON0 here, ask bounce+person0=example.org@relay.example"
    world.load(
        [
            make_event(ada, "bounce", type="bounce", reason=response_text),
            make_event(ada, "click", url=f"https://a.example/?e={ada.email}&x=1", useragent=ada.email),
            make_event(ada, "click", url="https://a.example/?e=person0%40example.org&y=2"),
            make_event(ada, "open", tw_key="unknown", reason=ada.email),
            [ada.email],
            {"event": ada.email, "email": ada.email},
        ]
    )
    text = str(world.query("from engagement.events")) + str(world.query("from engagement.quarantined_events"))
    assert "example.org" not in text
    assert "person0" not in text.lower()
    assert "https://a.example/?e=<address>&x=1" in text
    for path in world.paths.warehouse.parent.iterdir():
        assert b"person0@" not in path.read_bytes()


def test_a_bounce_without_custom_args_is_matched_by_message_id_and_address(world: World) -> None:
    ada, _ben = world.send(2)
    world.load([make_event(ada, "bounce", tw_key=None, tw_try=None, tw_chunk=None, type="bounce")])
    assert world.query("select message_key, attempt, bounce_class from engagement.events") == [(ada.key, None, "hard")]


def test_a_bounce_with_only_an_address_is_matched_to_the_last_send(world: World) -> None:
    (ada,) = world.send()
    bare = make_event(ada, "bounce", 86_400, tw_key=None, sg_message_id=None, type="bounce", tw_try=None, tw_chunk=None)
    too_late = {**bare, "timestamp": SENT + 6 * 86_400, "sg_event_id": "late"}
    before = {**bare, "timestamp": SENT - 3600, "sg_event_id": "early"}
    other = {**bare, "timestamp": SENT + 3600, "sg_event_id": "other", "sg_message_id": "OTHER.1"}
    opened = {**bare, "event": "open", "sg_event_id": "open"}
    counts = world.load([bare, too_late, before, other, opened])
    assert (counts["new"], counts["quarantined"]) == (1, 4)
    assert world.query("select message_key from engagement.events") == [(ada.key,)]


def test_a_bounce_by_return_path_is_matched_by_its_smtp_id_and_address(world: World, ledger: Ledger) -> None:
    """Not to the last message sent to the address, where SendGrid's own Message-ID names an earlier one, or none of ours."""
    (ada,) = world.send(x_message_id="FIRST")
    world.query(
        "insert into dispatch.sends by name select * replace "
        "('second' as message_key, '2026-W49' as occurrence, 'SECOND' as x_message_id, sent_at + interval 1 day as sent_at) "
        "from dispatch.sends"
    )
    none = dict.fromkeys(("tw_key", "tw_try", "tw_chunk", "sg_message_id"))

    def bounce(smtp_id: str, seconds: int) -> dict[str, Any]:
        return make_event(ada, "bounce", 2 * 86_400 + seconds, type="bounce", **none, **{"smtp-id": smtp_id})

    first, second, foreign, unknown = (
        bounce(smtp_id, seconds)
        for seconds, smtp_id in enumerate(
            ["<FIRST@geopod-ismtpd-3>", "<SECOND@ismtpd0039p1iad1.sendgrid.net>", "<THIRD@ismtpd-1>", "<FIRST@mail.example>"]
        )
    )
    assert world.load([foreign])["quarantined"] == 1
    assert suppress_from_events(Stores(world.paths, ledger, world.secrets)) == {"hard_bounce": 1}, "the orphan counts too"
    counts = world.load([first, second, unknown], [first])
    assert (counts["new"], counts["duplicates"]) == (3, 1)
    found = world.query("select message_key, epoch(occurred_at)::bigint from engagement.events order by occurred_at")
    assert found == [(ada.key, first["timestamp"]), ("second", second["timestamp"]), ("second", unknown["timestamp"])]
    orphan = world.query("select reason, raw_event ->> 'x_message_id' from engagement.quarantined_events")
    assert orphan == [("unknown_message", "THIRD")]


def test_an_event_with_an_unknown_key_is_quarantined_until_its_plan_is_recorded(world: World) -> None:
    (ada,) = world.send()
    early = make_event(ada, "delivered")
    world.query("create table saved as from dispatch.sends; delete from dispatch.sends")
    assert world.load([early, make_event(ada, "open", tw_key="somebody-elses")])["quarantined"] == 2
    assert world.load([early])["duplicates"] == 1
    world.query("insert into dispatch.sends from saved")
    counts = world.load([{**early, "sg_event_id": "again"}])
    assert (counts["released"], counts["duplicates"]) == (1, 1)
    assert world.query("select count(*), any_value(message_key) from engagement.events") == [(1, ada.key)]
    assert world.query("select count(*) from engagement.quarantined_events") == [(1,)]
    sums = world.query("select sum(events), sum(new_events), sum(duplicates), sum(quarantined) from engagement.spool_files")
    assert sums == [(4, 1, 2, 1)]


def test_a_change_of_the_account_is_quarantined_and_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.load([{"event": "account_status_change", "type": "compliance_suspend", "timestamp": SENT, "sg_event_id": "x"}])
    assert world.query("select reason, raw_event->>'bounce_type' from engagement.quarantined_events") == [
        ("account_changed", "compliance_suspend")
    ]
    assert "state of the account" in caplog.text


def test_after_a_crash_between_commit_and_move_the_file_is_archived_unread(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ada,) = world.send()
    name = world.spool([make_event(ada, "open")])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(spool, "archive", killed)
        with pytest.raises(KeyboardInterrupt):
            load.load_spool(world.paths)
    assert (world.paths.spool / "incoming" / name).exists()
    assert world.load()["events"] == 0
    assert world.query("select count(*) from engagement.events") == [(1,)]
    assert (world.paths.spool / "archive" / "20261124" / name).exists()


def test_a_crash_within_the_transaction_stores_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (ada,) = world.send()
    world.spool([make_event(ada, "open")])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(load, "classify_load", killed)
        with pytest.raises(KeyboardInterrupt):
            load.load_spool(world.paths)
    assert world.query("select (select count(*) from engagement.events), (select count(*) from engagement.spool_files)") == [
        (0, 0)
    ]
    assert world.load()["new"] == 1


def test_files_are_prepared_before_they_are_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An erasure writes them anew: also those of a step that is read while the one before is stored."""
    (ada, bob) = world.send(2)
    monkeypatch.setattr(spool, "GROUP_FILES", 1)
    monkeypatch.setattr(load, "STEP_FILES", 2)
    for number in range(3):
        world.spool([make_event(person, "open", 60 + number) for person in (ada, bob)])

    def without_bob(files: list[Path]) -> None:
        for path in files:
            kept = [event for event in orjson.loads(path.read_bytes()) if event["email"] != bob.email]
            path.write_bytes(orjson.dumps(kept))

    assert load.load_spool(world.paths, prepare=without_bob)["new"] == 3
    assert world.query("select distinct subscriber_id from engagement.events") == [(ada.subscriber_id,)]


def test_events_that_come_again_as_they_were_are_counted_for_their_batch(world: World) -> None:
    """Of the ones that cannot be used, the later receipt decides: it is not left out."""
    (ada,) = world.send()
    event = {**make_event(ada, "delivered"), "sg_event_id": "first"}
    ahead = {**make_event(ada, "open", 70 * 86_400), "sg_event_id": "ahead"}
    counts = world.load([event, ahead], [event, event])
    assert (counts["events"], counts["new"], counts["duplicates"], counts["quarantined"]) == (4, 1, 2, 1)
    again = world.load([event, ahead], received=RECEIVED + timedelta(days=10))
    assert (again["events"], again["new"], again["duplicates"]) == (2, 1, 1)
    files = "select events, new_events, duplicates, quarantined from engagement.spool_files order by name"
    assert world.query(files) == [(2, 1, 0, 1), (2, 0, 2, 0), (2, 1, 1, 0)]


def test_a_click_that_comes_again_is_counted_with_the_others_of_its_batch(world: World) -> None:
    """It is not left out as redelivered: the second batch reports two clicks of one second, so there were two."""
    (ada,) = world.send()
    first, second = ({**make_event(ada, "click", url="https://shop.example/a"), "sg_event_id": name} for name in ("1", "2"))
    assert world.load([first], [first, second])["new"] == 2


def test_an_empty_spool_or_batch_loads_nothing(world: World) -> None:
    assert world.load() == {
        "files": 0, "broken": 0, "events": 0, "new": 0, "duplicates": 0, "quarantined": 0, "released": 0
    }  # fmt: skip
    assert world.load(b"[]")["files"] == 1
    assert world.query("select events from engagement.spool_files") == [(0,)]


def test_half_written_files_are_ignored_and_deleted_when_old(world: World) -> None:
    folder = world.paths.spool / "incoming"
    folder.mkdir(parents=True)
    (folder / ".young.tmp").write_bytes(b"[")
    (folder / ".old.tmp").write_bytes(b"[")
    os.utime(folder / ".old.tmp", (time.time() - 7200,) * 2)
    assert world.load()["files"] == 0
    assert [path.name for path in folder.iterdir()] == [".young.tmp"]


def test_tokens_are_removed_from_the_links_of_the_edge() -> None:
    token = "AQFHsrI62-Fd2IIr_l75RLux6s3z5IFdfF0tOjvuv9mWSb1aAI8-cHEtWQysHz7oAYqOG7UJf98mtB4uH8x17IVt"
    for page in ("u", "preferences", "confirm"):
        assert scrub_link(f"https://mail.example/{page}/{token}?a=1#b") == f"https://mail.example/{page}/<token>?a=1#b"
    for url in ("https://shop.example.com/u/about", "https://shop.example.com/records/ellis-ward", ""):
        assert scrub_link(url) == url
