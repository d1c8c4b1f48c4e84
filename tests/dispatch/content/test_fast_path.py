"""The fast path returns the same values as the escaper."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.dispatch.content import SlotFiller
from include.dispatch.content.escape import ESCAPERS
from include.dispatch.content.fast_path import UNCHANGED
from tests.dispatch.content.conftest import Compile

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LINKISH = st.from_regex(r"https?://[a-z.]{1,5}[/?#][a-z<>&\"' %ä]{0,8}", fullmatch=True)


@pytest.mark.parametrize("context", UNCHANGED)
@settings(max_examples=120, deadline=None)
@given(values=st.lists(st.one_of(ANY, LINKISH), min_size=1))
def test_values_that_match_are_unchanged_by_escaping(context: str, values: list[str]) -> None:
    unchanged = pc.match_substring_regex(pa.array(values, pa.string()), UNCHANGED[context]).to_pylist()
    assert all(ESCAPERS[context](value) == value for value, same in zip(values, unchanged, strict=True) if same)


@settings(max_examples=30, deadline=None)
@given(unsafe=st.lists(ANY.map(lambda value: f"x{value}"), min_size=1, max_size=5))
def test_many_different_values(unsafe: list[str]) -> None:
    from include.dispatch.content.columns import People
    from include.dispatch.content.content import Slot
    from include.dispatch.content.fast_path import pass_through
    from include.dispatch.content.person_proxy import RecordedExpression
    from include.dispatch.content.placeholders import Placeholder

    values = [f"name {number}" for number in range(1_000)] + unsafe
    placeholder = Placeholder(RecordedExpression(("first_name",)), "a.html.j2", 1)
    slot = Slot("-twx0-", "html", ("first_name",), "person.first_name", "a.html.j2", 1, "html", placeholder)
    filled = pass_through(People(pa.table({"first_name": values})), slot, "twabcdef")
    assert filled is not None
    assert filled.to_pylist() == [ESCAPERS["html"](value) for value in values]


def test_unsafe_links_among_thousands_are_escaped(compile_parts: Compile) -> None:
    content = compile_parts()
    links = [f"https://mail.example.com/u/{number}" for number in range(2_000)]
    links[1_500] = "javascript:alert(1)"
    links[1_501] = f"https://mail.example.com/{content.tag_core}"
    filled = {
        slot.context: array
        for slot, array in zip(content.slots, SlotFiller(content).fill(pa.table({"unsubscribe_url": links})), strict=False)
    }
    assert filled["url"][:1_500].to_pylist() == links[:1_500]
    assert filled["url"][1_500].as_py() == "#"
    assert not any(content.tag_core in array[1_501].as_py() for array in filled.values())
