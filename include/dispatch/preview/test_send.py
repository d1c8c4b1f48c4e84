"""Test sends: a campaign's mail to seed addresses of the team, under a plan of its own that reports ignore.

Nothing in it concerns a real person: subjects begin with [TEST], the links change nothing, nobody is tracked, and names are
invented where the other values are those of a subscriber.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

import duckdb
import pyarrow as pa

from include.core.campaign import Campaign
from include.core.campaign_file import source_location
from include.core.errors import PlanError
from include.core.keys import address_key, message_key_of_test
from include.core.paths import seed_file
from include.core.secrets import Secrets
from include.core.seeds import Seed, load_seeds
from include.core.suggestion import suggest
from include.core.token import TEST, Subject, mint
from include.dispatch.content import PERSON_FIELDS
from include.dispatch.content.columns import person_batch
from include.dispatch.content.printable import printable
from include.dispatch.content.products import ProductRows, first_of_catalogue
from include.dispatch.plan.audience import Audience, select_recipients
from include.dispatch.plan.chunking import Chunking
from include.dispatch.plan.freeze import FrozenPlan, PlanRequest, freeze_request
from include.dispatch.plan_files import AUDIENCE, CONSENT_END
from include.dispatch.preview.people import Person, chosen_people, example_people
from include.ledger import plans, suppressions
from include.ledger.stores import Stores

MAX_SEEDS = 50
_WIRE = {
    "mail_group": pa.int32(),
    **dict.fromkeys(("subscriber_id", "message_key", "email", "address_key", "token"), pa.string()),
    CONSENT_END: pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True)
class SeedChoice:
    """The form of a test: names of seeds, a variant (None: every one) and a locale (None: that of each seed)."""

    seeds: Sequence[str] = ()
    variant: str | None = None
    locale: str | None = None


NOBODY = SeedChoice()


def freeze_test(
    stores: Stores, campaign: Campaign, choice: SeedChoice, *, run: str, edge_url: str, at: datetime
) -> FrozenPlan:
    """A test plan for the chosen seeds.

    The occurrence is derived from `run`, so that a retry of the run finds the same plan. Raises `PlanError` for no seed, one
    that does not exist, or one whose address is suppressed; it names the seed, never the address.
    """
    seeds = _chosen(choice.seeds)
    _require_mailable(stores, seeds)
    occurrence = f"test-{hashlib.sha256(run.encode()).hexdigest()[:16]}"
    request = PlanRequest(_reduced(campaign, choice), occurrence, plans.TEST, edge_url, at)

    def select(warehouse: duckdb.DuckDBPyConnection) -> SeedPeople:
        values = {name: _person(warehouse, stores, request, name, seed) for name, seed in seeds.items()}
        return seed_people(stores, request, seeds, values)

    return freeze_request(stores, request, select)


def _chosen(names: Sequence[str]) -> dict[str, Seed]:
    """The chosen seeds by name. Raises `PlanError`."""
    known = load_seeds()
    if not names or len(names) > MAX_SEEDS:
        remedy = f"Choose names of {seed_file().name}: {', '.join(known)}."
        raise PlanError(f"a test needs 1 to {MAX_SEEDS} of the team's addresses.", where="seeds", remedy=remedy)
    for name in names:
        if name not in known:
            what = f"{seed_file().name} has no '{name[:40]}'." if "@" not in name else "names an address."
            raise PlanError(what, where="seeds", remedy=suggest(name, known, kind="names"))
    return {name: known[name] for name in dict.fromkeys(names)}


def _require_mailable(stores: Stores, seeds: dict[str, Seed]) -> None:
    """Raise `PlanError` for the first seed whose address is suppressed."""
    for name, seed in seeds.items():
        reasons = suppressions.reasons_in_force(stores.ledger, address_key(stores.secrets.address_key, seed.address))
        if reasons:
            raise PlanError(
                f"the address of {name} is suppressed ({', '.join(sorted(reasons))}).",
                where="seeds",
                remedy="Leave it out, or give it another address; if it unsubscribed, it can subscribe again.",
            )


def _reduced(campaign: Campaign, choice: SeedChoice) -> Campaign:
    """The campaign with the chosen variant and locale only. Raises `PlanError`."""
    variants = [variant for variant in campaign.variants if choice.variant in (None, variant.id)]
    locales = [locale for locale in campaign.locales if choice.locale in (None, locale)]
    for wanted, found, known, name in (
        (choice.variant, variants, [variant.id for variant in campaign.variants], "variants"),
        (choice.locale, locales, campaign.locales, "locales"),
    ):
        if not found:
            what = f"has no {name[:-1]} '{wanted}'."
            raise PlanError(what, where=source_location(campaign.id, name), remedy=suggest(str(wanted), known, kind=name))
    return campaign.model_copy(update={"variants": tuple(variants), "locales": tuple(locales)})


def _person(warehouse: duckdb.DuckDBPyConnection, stores: Stores, request: PlanRequest, name: str, seed: Seed) -> Person:
    """Whose values fill the mail of a seed. Raises `PlanError` for a subscriber or fictional person that does not exist."""
    if seed.subscriber is None:
        known = {str(person.values["subscriber_id"]): person for person in example_people()}
        wanted = seed.person or next(iter(known))
        if wanted in known:
            return known[wanted]
        what, remedy = f"the person '{wanted}' of {name} does not exist.", suggest(wanted, known, kind="people")
        raise PlanError(what, where=seed_file().name, remedy=remedy)
    occurrence, at = request.occurrence, request.at
    select_recipients(warehouse, stores.ledger, request.campaign, [seed.subscriber], occurrence=occurrence, at=at)
    found = chosen_people(warehouse)
    if not found:
        what = f"the subscriber of {name} does not exist."
        raise PlanError(what, where=seed_file().name, remedy="Name a subscriber id of the warehouse.")
    return found[0]


@dataclass(frozen=True)
class SeedPeople:
    """The people of a test plan, as one batch per content."""

    audience: Audience
    chunking: Chunking
    batches: list[pa.RecordBatch] = field(repr=False)

    def read(self, columns: Iterable[str]) -> Iterable[pa.RecordBatch]:
        return [
            printable(batch.select([name for name in batch.schema.names if name in set(columns)])) for batch in self.batches
        ]

    def not_planned(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(AUDIENCE, [])

    def other_addresses(self) -> pa.Table:
        return pa.schema([("other_key", pa.string()), ("address_key", pa.string())]).empty_table()

    def products(self, lists: Iterable[str]) -> ProductRows:
        """The first of the catalogue: a test has no audience of which to ask what it likes."""
        every = first_of_catalogue()
        return {name: every[name] for name in lists}


def seed_people(stores: Stores, request: PlanRequest, seeds: dict[str, Seed], people: dict[str, Person]) -> SeedPeople:
    """Each seed once per variant, in the seed's language, with the values of its person."""
    rows = [
        _row(stores.secrets, request, name, seed, people[name], variant.id)
        for variant in request.campaign.variants
        for name, seed in seeds.items()
    ]
    batches, chunks = list[pa.RecordBatch](), list[dict[str, Any]]()
    for content, some in groupby(sorted(rows, key=lambda row: row["content"]), key=lambda row: row["content"]):
        group = len(chunks)
        batches.append(pa.concat_batches([_batch({**row, "mail_group": group}) for row in some]))
        chunks.append(_chunk(group, content, batches[-1].num_rows))
    with stores.ledger.read() as connection:
        seen = suppressions.last_seq(connection)
    audience = Audience("test", seen, selected=len(rows), planned=len(rows), suppressed=0, capped=0, held_out=0)
    return SeedPeople(audience, Chunking(by_zone=False, chunks=chunks), batches)


def _row(secrets: Secrets, request: PlanRequest, name: str, seed: Seed, person: Person, variant: str) -> dict[str, Any]:
    key = message_key_of_test(request.campaign.id, request.occurrence, f"{name}.{variant}")
    hashed = address_key(secrets.address_key, seed.address)
    link, locale = mint(secrets, Subject(key, hashed), TEST), _locale(request.campaign, seed)
    paths = {"unsubscribe_url": "u", "preferences_url": "preferences", "confirm_url": "confirm"}
    links = {column: f"{request.edge_url.rstrip('/')}/{path}/{link}?l={locale}" for column, path in paths.items()}
    wire = {"message_key": key, "email": seed.address, "address_key": hashed, "token": link, "subscriber_id": f"seed {name}"}
    return {**person.values, **links, **wire, "content": f"{variant}.{locale}.untracked"}


def _locale(campaign: Campaign, seed: Seed) -> str:
    """The campaign's locale for a seed: the same, or of the same language, else the first."""
    wanted = (seed.locale or "").lower().replace("_", "-")
    same = [locale for locale in campaign.locales if locale.lower().replace("_", "-") == wanted]
    near = [locale for locale in campaign.locales if locale.lower()[:2] == wanted[:2]]
    return [*same, *near, *campaign.locales][0]


def _batch(row: dict[str, Any]) -> pa.RecordBatch:
    """One person as a batch with the columns of people.sql."""
    fields = person_batch(row, [name for name in PERSON_FIELDS if name not in _WIRE])
    wire = {name: pa.array([row.get(name)], kind) for name, kind in _WIRE.items()}
    return pa.RecordBatch.from_pydict({**wire, **{name: fields[name] for name in fields.schema.names}})


def _chunk(number: int, content: str, recipients: int) -> dict[str, Any]:
    """A row as of chunks.sql."""
    return {
        "chunk": number, "mail_group": number, "recipients": recipients, "content": content,
        "variant": content.partition(".")[0], "provider": "other", "zone": "", "send_at": None, "not_after": None,
    }  # fmt: skip
