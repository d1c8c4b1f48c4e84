"""Fills slots for many people at once: a value is computed once per distinct combination of the fields that it reads."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from include.core.errors import PlanError
from include.core.token import LENGTH
from include.dispatch.content import source_location
from include.dispatch.content.columns import Combinations, EncodedField, People, person_batch
from include.dispatch.content.content import Content, Slot
from include.dispatch.content.escape import escape, escape_fragment
from include.dispatch.content.escaping_context import URL_WHOLE
from include.dispatch.content.fast_path import pass_through
from include.dispatch.content.limits import check_limits
from include.dispatch.content.person import JSON_FIELDS, MissingValueError, Path
from include.dispatch.content.placeholders import Fragment

logger = logging.getLogger(__name__)

MAX_MEMO_VALUES = 200_000
"""Memoized values per slot; the memo is cleared when it exceeds this number, which bounds memory."""


class SlotFiller:
    """Fills the slots of one content. All fillers of a content share its compiled blocks: use them in one thread.

    Values are memoized between calls. Pass many people per call (ten thousand or more): each call has an overhead of about
    half a millisecond per slot.
    """

    def __init__(self, content: Content, links: Mapping[str, tuple[str, str]] | None = None) -> None:
        """`links` (from `link_slots`): the slots that need no filling, by tag, with the text around the token."""
        links = links or {}
        self._content = content
        self._slots = [slot for slot in content.slots if slot.tag not in links]
        self._memos: list[dict[Hashable, str]] = [{} for _ in self._slots]
        self._link_bytes = {tag: len("".join(around).encode()) + LENGTH for tag, around in links.items()}

    @property
    def fields(self) -> frozenset[str]:
        """The columns that `fill` needs."""
        return frozenset(name for slot in self._slots for name in slot.fields)

    @property
    def width(self) -> int:
        """The number of columns that `fill` returns."""
        return len(self._slots)

    def fill(self, people: pa.RecordBatch | pa.Table) -> list[pa.Array]:
        """One string array per slot (dictionary-encoded or plain, no nulls), in the order of `content.slots` without links.

        `people` has the columns `fields` (types as in `PERSON_FIELDS`); others are ignored. Raises `PlanError` with
        file, line and the number of people, never with a value, if the template fails for a person or a person's values
        exceed SendGrid's limits.
        """
        given = People(people)
        filled = [self._slot(given, slot, memo) for slot, memo in zip(self._slots, self._memos, strict=True)]
        values = iter(filled)
        sized = [self._link_bytes.get(slot.tag) or next(values) for slot in self._content.slots]
        check_limits(self._content.slots, sized, given.count)
        return filled

    def _slot(self, people: People, slot: Slot, memo: dict[Hashable, str]) -> pa.Array:
        unchanged = pass_through(people, slot, self._content.tag_core)
        if unchanged is not None:
            return unchanged
        paths = sorted(slot.placeholder.paths)
        fields = [people.encoded(path) for path in paths]
        combinations = people.combinations(paths)
        if len(memo) + len(combinations.rows) > MAX_MEMO_VALUES:
            memo.clear()
        return _assemble(combinations, self._values(slot, paths, fields, combinations, memo))

    def _values(
        self,
        slot: Slot,
        paths: list[Path],
        fields: list[EncodedField],
        combinations: Combinations,
        memo: dict[Hashable, str],
    ) -> list[str]:
        core = self._content.tag_core
        done: list[str] = []
        keys, values = [field.keys for field in fields], [field.values for field in fields]
        for row in combinations.rows.tolist():
            key = tuple([part[code] for part, code in zip(keys, row, strict=True)])
            text = memo.get(key)
            if text is None:
                given = {path: part[code] for path, part, code in zip(paths, values, row, strict=True)}
                try:
                    text = memo[key] = slot_value(slot, given, core)
                except Exception as error:  # noqa: BLE001  (any error of a template is reported with its line)
                    raise _located_error(error, slot, _count_failures(slot, paths, values, combinations, core)) from None
            done.append(text)
        return done


def slot_value(slot: Slot, values: dict[Path, Any], core: str) -> str:
    """The slot's text for one person: evaluated, escaped for its context, with tags broken up."""
    value = slot.placeholder.evaluate(values)
    if isinstance(slot.placeholder.value, Fragment):
        text = escape_fragment(value, slot.exact_context)
    else:
        text = escape(str(value), slot.exact_context)
    if link := slot.placeholder.link:
        text = link.on_value(text, is_markup=slot.exact_context == URL_WHOLE)
    return break_tags(text, core)


def break_tags(text: str, core: str) -> str:
    """Insert a dash into anything that looks like a tag, so that a value cannot contain a tag."""
    return text.replace(core, f"{core[:2]}-{core[2:]}") if core in text else text


def _assemble(combinations: Combinations, texts: list[str]) -> pa.Array:
    unique = {text: position for position, text in enumerate(dict.fromkeys(texts))}
    mapping = np.fromiter((unique[text] for text in texts), dtype=np.int32, count=len(texts))
    indices = mapping[combinations.indices] if len(texts) else np.zeros(0, dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(indices, type=pa.int32()), pa.array(list(unique), type=pa.string()))


def _count_failures(slot: Slot, paths: list[Path], values: list[list[Any]], combinations: Combinations, core: str) -> int:
    """The number of people for whom the slot fails."""
    failing = 0
    for row, count in zip(combinations.rows.tolist(), combinations.counts().tolist(), strict=True):
        try:
            slot_value(slot, {path: part[code] for path, part, code in zip(paths, values, row, strict=True)}, core)
        except Exception:  # noqa: BLE001  (counted here, reported by the caller)
            failing += count
    return failing


def _located_error(error: Exception, slot: Slot, count: int | None) -> PlanError:
    """The error with file and line, without any value."""
    location = (isinstance(slot.placeholder.value, Fragment) and source_location.location_of(error)) or slot.where
    affected = "" if count is None else f" for {count:,} {'person' if count == 1 else 'people'}"
    if isinstance(error, PlanError):
        return PlanError(f"{error.what.rstrip('.')}{affected}.", where=error.where or location, remedy=error.remedy)
    if isinstance(error, MissingValueError):
        name = f"person.{'.'.join(error.path)}"
        remedy = f'Write {{{{ {name} | default("…") }}}}, or {{% if {name} %}} in a {{% personal %}} block.'
        return PlanError(f"{name} has no value{affected}.", where=location, remedy=remedy)
    return PlanError(f"{slot.expression} fails ({type(error).__name__}){affected}.", where=location, remedy="Fix that line.")


SAMPLE_PERSON: dict[str, Any] = {
    "subscriber_id": "s-1",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "country": "GB",
    "locale": "en-GB",
    "timezone": "Europe/London",
    "signed_up_at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    "purchases": 3,
    "revenue": Decimal("84.50"),
    "first_purchased_at": datetime(2026, 1, 3, tzinfo=UTC),
    "last_purchased_at": datetime(2026, 9, 30, tzinfo=UTC),
    "days_since_purchase": 55,
    "lifecycle_stage": "active",
    "unsubscribe_url": "https://mail.tradewind.example/u/sample",
    "preferences_url": "https://mail.tradewind.example/preferences/sample",
    "confirm_url": "https://mail.tradewind.example/confirm/sample",
}
"""A person with a value in every field, for checking templates and for previews without people."""


def check_with_sample(content: Content) -> None:
    """Evaluate every slot for `SAMPLE_PERSON`, so that a block that always fails does so at compile time."""
    people = People(person_batch(SAMPLE_PERSON, content.fields))
    for slot in content.slots:
        if not frozenset(JSON_FIELDS).isdisjoint(slot.fields):
            continue
        try:
            slot_value(slot, {path: people.encoded(path).values[0] for path in slot.placeholder.paths}, content.tag_core)
        except Exception as error:  # noqa: BLE001  (as above)
            raise _located_error(error, slot, None) from None
