"""What is measured of dispatch. Each measure runs in a process of its own, so that CPU and peak memory are its own.

    python -m benchmarks.measures <measure> <folder> <port> <people>         prints its figures as JSON

CPU is the process's, imports are not counted.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pandas  # noqa: F401  (Arrow imports it at first use, which is no part of sending)
import pyarrow as pa

from benchmarks.campaign import CAMPAIGN
from include.core.connections import SendGridAccount, ledger_url
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.dispatch.content import SlotFiller, compile_content, link_slots
from include.dispatch.plan import freeze
from include.dispatch.plan_files import PlanReader
from include.dispatch.send import sender
from include.dispatch.send.chunk_sender import ChunkSender
from include.ledger import plans
from include.ledger.database import Ledger, open_ledger
from include.ledger.stores import Stores
from include.ledger.writer import LedgerWriter
from include.sendgrid import payload

AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
TEMPLATE = {
    "subject.txt.j2": "News for {{ person.first_name }}",
    "preheader.txt.j2": "What is new this week",
    "body.html.j2": (
        '<html lang="en"><body>'
        "{% personal %}{% if person.purchases > 3 %}<p>Thank you for {{ person.purchases }} orders.</p>"
        "{% else %}<p>Good to have you.</p>{% endif %}{% endpersonal %}<p>{{ postal_address }}</p>"
        '<a href="{{ unsubscribe_url }}">Unsubscribe</a></body></html>'
    ),
    "body.txt.j2": (
        "{% personal %}{% if person.lifecycle_stage == 'loyal' %}Dear friend{% else %}Hello{% endif %}{% endpersonal %}\n"
        "{{ postal_address }}\n{{ unsubscribe_url }}"
    ),
}
EDGE = "https://m.example"
PLAN_ID = plans.plan_id_of("bench", "once")
FILL_ROWS = 50_000
MAIL_REQUESTS = 30
MAIL_SINGLES = 3_000
SLOW_CHUNKS = 100

Figures = dict[str, Any]


def plan_everybody(data: Path, _port: int, people: int) -> Figures:
    """Audience, exclusions, keys, tokens, slots, chunks to Parquet, one transaction, the copy in the warehouse."""
    folder = data / "templates" / "bench"
    folder.mkdir(parents=True)
    for name, text in TEMPLATE.items():
        (folder / name).write_text(text)
    stores = _stores(data)
    _populate(stores.paths, people)
    os.environ["TRADEWIND_TEMPLATES"] = str(folder.parent)
    watch = _Watch()
    frozen = freeze.freeze(stores, CAMPAIGN, occurrence="once", edge_url=EDGE, at=AT)
    assert frozen["planned"] == people
    figures = watch.figures(people, chunks=frozen["chunks"])
    (data / "chunk.json").write_text(json.dumps(_a_chunk(data)))
    return figures


def _populate(paths: DataPaths, people: int) -> None:
    """In a process of its own, since its memory is not planning's."""
    child = os.fork()
    if child == 0:
        from tests.dispatch.populate import insert_people

        insert_people(paths, people)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def fill_slots(data: Path, _port: int, people: int) -> Figures:
    """Fill five slots as planning does: the two links are made of the token, two of the rest are conditional."""
    content = compile_content(data / "templates" / "bench", campaign=CAMPAIGN, variant=CAMPAIGN.variants[0], locale="en")
    filler = SlotFiller(content, link_slots(content, EDGE, "en"))
    rows = min(FILL_ROWS, people)
    batches = [_people_batch(start, rows) for start in (0, rows)]
    watch, done = _Watch(), 0
    while done < people:
        filler.fill(batches[done // rows % 2])
        done += rows
    return watch.figures(done, slots=len(content.slots))


def _people_batch(start: int, count: int) -> pa.Table:
    rows = range(start, start + count)
    return pa.table(
        {
            "first_name": [f"First{row % 2000}" for row in rows],
            "purchases": pa.array([row % 7 for row in rows], pa.int64()),
            "lifecycle_stage": [("new", "active", "loyal", "lapsing")[row % 4] for row in rows],
        }
    )


def send_at_once(data: Path, port: int, _people: int) -> Figures:
    """Claim, build, post, classify, record: all chunks but the last tenth (at most 100), one process."""
    stores = _stores(data)
    return _send(stores, port, 0, _chunks(stores.ledger) - _slow(stores.ledger) - 1)


def send_slowly(data: Path, port: int, _people: int) -> Figures:
    """The rest of the chunks, to a provider that takes its time."""
    stores = _stores(data)
    return _send(stores, port, _chunks(stores.ledger) - _slow(stores.ledger), _chunks(stores.ledger))


def _slow(ledger: Ledger) -> int:
    return max(1, min(SLOW_CHUNKS, _chunks(ledger) // 10))


def _chunks(ledger: Ledger) -> int:
    return int(sender.ranges(ledger, PLAN_ID)[-1]["last"]) + 1


def _send(stores: Stores, port: int, first: int, last: int) -> Figures:
    spent = _watch_ledger()
    account = SendGridAccount(f"http://127.0.0.1:{port}", "SG.bench")
    watch = _Watch()
    sent = sender.send_range(stores, account, plan_id=PLAN_ID, first=first, last=last)
    return watch.figures(sent["accepted"], requests=sent["requests"], ledger_share=spent["ledger"] / spent["all"])


def _watch_ledger() -> dict[str, float]:
    """Add up, over all requests, the time from taking up a chunk to its outcome, and of that the waits for the ledger."""
    spent = {"ledger": 0.0, "all": 0.0}

    def timed(original: Callable[..., Any], name: str) -> Callable[..., Any]:
        async def call(*args: Any) -> Any:
            began = time.perf_counter()
            try:
                return await original(*args)
            finally:
                spent[name] += time.perf_counter() - began

        return call

    LedgerWriter.run = timed(LedgerWriter.run, "ledger")  # type: ignore[method-assign]
    ChunkSender.send = timed(ChunkSender.send, "all")  # type: ignore[method-assign]
    return spent


def _a_chunk(data: Path) -> Figures:
    """One real request of the plan, taken apart, for those who build it in another way."""
    stores = _stores(data)
    frozen = plans.find_plan(stores.ledger, PLAN_ID)
    assert frozen is not None
    reader = PlanReader(stores.paths.root / frozen.folder, frozen.manifest_sha256, payload.escape_values)
    envelope = payload.envelope(CAMPAIGN, reader.contents["only.en"], tracked=True, batch_id=None)
    body = orjson.loads(payload.body(envelope, reader.people("part-0000.parquet", 0, 1_000), attempt=1, chunk="c"))
    people = body.pop("personalizations")
    return {
        "plan_id": PLAN_ID,
        "shared": body,
        "request_headers": {"Authorization": "Bearer SG.bench", "Content-Type": "application/json"},
        "tags": list(people[0]["substitutions"]),
        "emails": [person["to"][0]["email"] for person in people],
        "headers": [person["headers"]["List-Unsubscribe"] for person in people],
        "keys": [person["custom_args"]["tw_key"] for person in people],
        "rows": [list(person["substitutions"].values()) for person in people],
    }


def mail_of_1000(data: Path, port: int, people: int) -> Figures:
    """sendgrid-python as documented: a `Mail` with a `Personalization` object for each of 1,000 people."""
    values, client = json.loads((data / "chunk.json").read_text()), _client(port)
    size = len(values["emails"])
    requests = min(MAIL_REQUESTS, max(1, people // size))
    watch = _Watch()
    for _ in range(requests):
        client.send(_mail(values, range(size)))
    return watch.figures(requests * size)


def mail_each(data: Path, port: int, people: int) -> Figures:
    """sendgrid-python, one `Mail` a person."""
    values, client = json.loads((data / "chunk.json").read_text()), _client(port)
    singles = min(MAIL_SINGLES, max(1, people // 10))
    watch = _Watch()
    for person in range(singles):
        client.send(_mail(values, [person % len(values["emails"])]))
    return watch.figures(singles)


def _client(port: int) -> Any:
    from sendgrid import SendGridAPIClient

    return SendGridAPIClient("SG.bench", host=f"http://127.0.0.1:{port}")


def _mail(values: dict[str, Any], people: Any) -> Any:
    from sendgrid.helpers import mail as helpers

    body = values["shared"]
    message = helpers.Mail(
        from_email=helpers.Email(body["from"]["email"], body["from"]["name"]),
        subject=body["subject"],
        plain_text_content=body["content"][0]["value"],
        html_content=body["content"][1]["value"],
    )
    for person in people:
        personalization = helpers.Personalization()
        personalization.add_to(helpers.To(values["emails"][person]))
        personalization.add_header(helpers.Header("List-Unsubscribe", values["headers"][person]))
        personalization.add_header(helpers.Header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        for tag, value in zip(values["tags"], values["rows"][person], strict=True):
            personalization.add_substitution(helpers.Substitution(tag, value))
        for name, value in (("tw_key", values["keys"][person]), ("tw_try", "1"), ("tw_chunk", "c")):
            personalization.add_custom_arg(helpers.CustomArg(name, value))
        message.add_personalization(personalization)
    return message


class _Watch:
    """Times of this process from now on."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def figures(self, people: int, **more: Any) -> Figures:
        """people, wall and cpu in seconds, rss (peak, in MB), and what else is given."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"people": people, "wall": wall, "cpu": cpu, "rss": rss, **more}


def _stores(data: Path) -> Stores:
    paths = DataPaths(data / "data")
    paths.root.mkdir(exist_ok=True)
    os.environ["TRADEWIND_DATA"] = str(paths.root)
    secrets = load_secrets(paths)
    return Stores(paths, open_ledger(ledger_url(paths, f"sqlite:///{paths.ledger}"), secrets), secrets)


MEASURES: dict[str, Callable[[Path, int, int], Figures]] = {
    measure.__name__: measure for measure in (plan_everybody, fill_slots, send_at_once, send_slowly, mail_of_1000, mail_each)
}

if __name__ == "__main__":
    print(json.dumps(MEASURES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
