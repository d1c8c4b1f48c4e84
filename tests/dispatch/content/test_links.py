"""A link slot, put together from the text around the token, equals the filled slot."""

from __future__ import annotations

import pyarrow as pa
import pytest

from include.core.errors import PlanError
from include.core.token import LENGTH
from include.dispatch.content import SlotFiller, link_slots
from include.dispatch.content.links import LINK_PATHS
from tests.dispatch.content.conftest import Compile

TOKEN = "Az09-_"[:6] + "x" * (LENGTH - 6)


@pytest.mark.parametrize("edge", ["https://m.example", "https://m.example/", "https://m.example/a&b;'c'"])
@pytest.mark.parametrize("field", LINK_PATHS)
def test_a_link_slot_equals_the_filled_slot(compile_parts: Compile, edge: str, field: str) -> None:
    content = compile_parts(f'<p>{{{{ {field} }}}} <a href="{{{{ {field} }}}}">x</a></p>', text=f"{{{{ {field} }}}}")
    links = link_slots(content, edge, "de-AT")
    person = pa.table({name: [f"{edge.rstrip('/')}{path}{TOKEN}?l=de-AT"] for name, path in LINK_PATHS.items()})
    filled = [array[0].as_py() for array in SlotFiller(content).fill(person)]
    assert [TOKEN.join(links[slot.tag]) for slot in content.slots] == filled


def test_a_link_in_a_condition_or_through_a_filter_is_filled(compile_parts: Compile) -> None:
    content = compile_parts(
        "<p>{% personal %}{% if person.purchases %}{{ preferences_url }}{% endif %}{% endpersonal %}</p>",
        text="{{ preferences_url | upper }}",
    )
    assert {slot.expression for slot in content.slots if slot.tag in link_slots(content, "https://m.example", "en")} == {
        "person.unsubscribe_url"
    }


def test_a_filler_leaves_links_out_and_counts_their_bytes(compile_parts: Compile) -> None:
    content = compile_parts("<p>{{ person.first_name }}</p>")
    filler = SlotFiller(content, link_slots(content, "https://m.example", "en"))
    assert (filler.width, filler.fields) == (1, frozenset({"first_name"}))
    assert [array.to_pylist() for array in filler.fill(pa.table({"first_name": ["Ada"]}))] == [["Ada"]]
    only_links = compile_parts()
    with pytest.raises(PlanError, match="too large"):
        SlotFiller(only_links, link_slots(only_links, f"https://m.example/{'x' * 5_000}", "en")).fill(
            pa.table({"any": ["one"]})
        )
    long = SlotFiller(content, link_slots(content, f"https://m.example/{'x' * 4_000}", "en"))
    with pytest.raises(PlanError, match="too large"):
        long.fill(pa.table({"first_name": ["A" * 3_000]}))
