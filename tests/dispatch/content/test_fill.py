"""Filling slots gives the same mail as rendering the template for each person."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.errors import PlanError
from include.core.shop import load_shop
from include.dispatch.content import PERSON_FIELDS, Content, SlotFiller, filters, render_one
from include.dispatch.content.escape import escape
from include.dispatch.content.escaping_context import ATTRIBUTE, HEADER, HTML, TEXT, URL_PART
from include.dispatch.content.person import KeyValues, as_value
from tests.dispatch.content.conftest import ADDRESS, HTML_END, HTML_START, LINKS, TEXT_END, Compile

NASTY = [
    "",
    " ",
    "Ada",
    "<b>&\"'",
    "{{7*7}}",
    "{% if x %}",
    "a\r\nb",
    "\u202e",
    "\x00",
    "-tw",
    "=1+1",
    "O'Neil",
    "李",
    "%41",
    "1",
    "\u00a0",
]
TEXTS = st.one_of(st.none(), st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "first_name": TEXTS,
            "last_name": TEXTS,
            "country": st.sampled_from([None, "DE", "FR", "GB"]),
            "purchases": st.one_of(st.none(), st.integers(0, 20)),
            "revenue": st.one_of(st.none(), st.decimals(0, 999, places=2)),
            "attributes": st.one_of(
                st.none(),
                st.dictionaries(st.sampled_from(["size", "colour"]), st.one_of(st.integers(0, 9), TEXTS, st.booleans())),
            ),
        }
    ),
    min_size=1,
    max_size=4,
)

BODY = """<p>{{ person.first_name | title | default("friend") }} {{ person.revenue | default(0) }}</p>
<a href="https://x.example/?n={{ QUERY_OPEN person.last_name | default("nobody") QUERY_CLOSE }}">a</a>
{% for limit in [1, 5] %}<p>{% personal %}{% if person.purchases and person.purchases > limit %}
{{ person.first_name | default("you") }}
{%- elif person.country == "DE" %}{{ person.country }}
<i title="{{ ATTR_OPEN person.last_name | default("-") | upper ATTR_CLOSE }}">!</i>{% else %}few{% endif %}
{% endpersonal %}</p>{% endfor %}
<p>{% personal %}{% if person.attributes.size is defined and person.attributes.size == 3 %}three{% else %}
{{ person.attributes.colour | default("none") }}{% endif %}{% endpersonal %}</p>"""
TEXT_BODY = """{{ person.first_name | default("friend") }}{% personal %}
{% for part in [person.first_name, person.last_name] %}{% if part %}[{{ part }}]{% endif %}{% endfor %}
{% endpersonal %}"""
SUBJECT = '{{ person.first_name | default("Hello") | truncate(12) }}, {{ person.country | default("?") }}'


def table(people: list[dict[str, Any]], **constant: Any) -> pa.Table:
    """People as the columns that the filler reads."""
    rows = [person | constant for person in people]
    as_json = [orjson.dumps(row["attributes"]).decode() if row.get("attributes") is not None else None for row in rows]
    columns = {name: [row.get(name) for row in rows] for name in PERSON_FIELDS} | {"attributes": as_json}
    return pa.table({name: pa.array(values, type=PERSON_FIELDS[name]) for name, values in columns.items()})


def replaced(content: Content, people: pa.Table) -> list[tuple[str, str, str]]:
    """Subject, HTML and text of each person after substitution by SendGrid."""
    values = [array.to_pylist() for array in SlotFiller(content).fill(people)]
    done = []
    for number in range(people.num_rows):
        subject, html, text = content.subject, content.html, content.text
        for slot, column in zip(content.slots, values, strict=True):
            subject, html, text = (part.replace(slot.tag, column[number]) for part in (subject, html, text))
        done.append((subject, html, text))
    return done


MARKS = re.compile("(QUERY|ATTR)_(OPEN|CLOSE)")


OWN_LINK_OFF = HTML_END.replace("<a href", "<a clicktracking=off href")


def straightforward(source: str, context: str, person: dict[str, Any]) -> str:
    """The same template, rendered by plain Jinja for one person; every value is escaped where it is printed."""
    values = {name: as_value(value, (name,)) for name, value in person.items() if name != "attributes"}
    attributes = {name: as_value(value, ("attributes", name)) for name, value in (person["attributes"] or {}).items()}
    known = SimpleNamespace(**values, attributes=KeyValues("attributes", attributes))
    return _ordinary(source, context).render(person=known, postal_address=ADDRESS, **LINKS)


@cache
def _ordinary(source: str, context: str) -> jinja2.Template:
    source = re.sub(r"{% (end)?personal %}", "", source.replace("{% personal %}\n", "").replace("{% endpersonal %}\n", ""))
    source = source.replace("QUERY_OPEN", "(").replace("QUERY_CLOSE", ") | query")
    source = source.replace("ATTR_OPEN", "(").replace("ATTR_CLOSE", ") | attribute")

    def printed(value: Any) -> Any:
        if isinstance(value, (jinja2.Undefined, _Done)):
            return value
        return _Done(escape(value, context)) if isinstance(value, (str, int, Decimal, bool)) else value

    environment = jinja2.Environment(finalize=printed, trim_blocks=True, lstrip_blocks=True)
    filters = {
        name: _skipping_missing(run) for name, run in environment.filters.items() if name in {"title", "upper", "truncate"}
    }
    filters |= {
        "query": lambda value: _Done(escape(value, URL_PART)),
        "attribute": lambda value: _Done(escape(value, ATTRIBUTE)),
    }
    environment.filters |= filters
    return environment.from_string(source)


class _Done(str):
    """A text that is already escaped."""


def _skipping_missing(run: Any) -> Any:
    if hasattr(run, "jinja_pass_arg"):
        return jinja2.pass_environment(
            lambda env, value, *rest: value if isinstance(value, jinja2.Undefined) else run(env, value, *rest)
        )
    return lambda value, *rest: value if isinstance(value, jinja2.Undefined) else run(value, *rest)


def test_filling_equals_rendering_for_each_person(compile_parts: Compile) -> None:
    content = compile_parts(MARKS.sub("", BODY), text=TEXT_BODY, subject=SUBJECT)

    @settings(max_examples=80, deadline=None)
    @given(people=PEOPLE)
    def holds(people: list[dict[str, Any]]) -> None:
        for person, (subject, shown, text) in zip(people, replaced(content, table(people, **LINKS)), strict=True):
            assert _body(shown) == _body(straightforward(HTML_START + BODY + OWN_LINK_OFF, HTML, person))
            assert text.strip() == straightforward(TEXT_BODY + TEXT_END, TEXT, person).strip()
            assert subject == straightforward(SUBJECT, HEADER, person)

    holds()


def _body(html: str) -> str:
    """The content of the body element, without the white space that an HTML parser moves."""
    inside = html[html.index("<body>") + len("<body>") : html.index("</body>")]
    return re.sub(r"\s+", " ", inside).replace("> <", "><").strip()


def test_one_person_and_many_agree(compile_parts: Compile) -> None:
    content = compile_parts(MARKS.sub("", BODY), text=TEXT_BODY)
    people = [
        {"first_name": name, "last_name": "x", "purchases": number} for number, name in enumerate(["Ada", "<b>", None])
    ]
    many = replaced(content, table(people, **LINKS))
    ones = [render_one(content, person | LINKS) for person in people]
    assert many == [(one.subject, one.html, one.text) for one in ones]


def test_columns_can_be_dictionaries_batches_and_chunks(compile_parts: Compile) -> None:
    content = compile_parts('<p>{{ person.first_name | default("x") }}</p>')
    whole = table([{"first_name": name} for name in ("Ada", "Bo", None, "Ada")], **LINKS)
    encoded = whole.set_column(1, "first_name", whole["first_name"].dictionary_encode())
    chunked = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    expected = [array.to_pylist() for array in SlotFiller(content).fill(whole)]
    assert expected[0] == ["Ada", "Bo", "x", "Ada"]
    for given_ in (encoded, chunked, whole.combine_chunks().to_batches()[0]):
        assert [array.to_pylist() for array in SlotFiller(content).fill(given_)] == expected


def test_columns_as_duckdb_returns_them(compile_parts: Compile) -> None:
    content = compile_parts(
        '<p>{{ person.attributes.size }} {{ person.revenue }} {{ person.signed_up_at | date("short") }}</p>'
    )
    query = """select '{"size": 7}'::json as attributes, 3.50::decimal(18, 2) as revenue, null::varchar as unused,
        timestamptz '2026-11-24 12:00:00+00' as signed_up_at, 'https://a.example/' as unsubscribe_url"""
    with duckdb.connect() as connection:
        given_ = connection.execute(query).to_arrow_table()
    assert "<p>7 3.50 11/24/26</p>" in replaced(content, given_)[0][1]
    long = given_.set_column(0, "attributes", given_["attributes"].combine_chunks().cast(pa.large_string()))
    assert replaced(content, long) == replaced(content, given_)


def test_no_people(compile_parts: Compile) -> None:
    content = compile_parts('<p>{{ person.first_name | default("x") }}</p>')
    assert [len(array) for array in SlotFiller(content).fill(table([]))] == [0] * len(content.slots)


def test_a_filler_memoizes_between_calls(compile_parts: Compile) -> None:
    content = compile_parts("<p>{% personal %}{{ person.first_name }}{% endpersonal %}</p>")
    filler = SlotFiller(content)
    for names in (["Ada", "Bo"], ["Bo", "Cy"], ["Ada"]):
        given_ = table([{"first_name": name} for name in names], **LINKS)
        assert filler.fill(given_)[0].to_pylist() == names


def test_the_memo_of_a_filler_is_bounded(compile_parts: Compile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.dispatch.content.fill.MAX_MEMO_VALUES", 3)
    filler = SlotFiller(compile_parts("<p>{% personal %}{{ person.first_name }}{% endpersonal %}</p>"))
    for start in range(0, 10, 2):
        names = [f"n{start}", f"n{start + 1}"]
        assert filler.fill(table([{"first_name": name} for name in names], **LINKS))[0].to_pylist() == names
    assert max(len(memo) for memo in filler._memos) <= 3


def test_a_block_that_reads_nothing(compile_parts: Compile) -> None:
    content = compile_parts("<p>{% personal %}hi{% endpersonal %}</p>")
    assert SlotFiller(content).fill(table([{}, {}], **LINKS))[0].to_pylist() == ["hi", "hi"]
    assert "<p>hi</p>" in render_one(content, LINKS).html


def test_times_outside_the_calendar(compile_parts: Compile) -> None:
    content = compile_parts("<p>{{ person.signed_up_at | date }}</p>")
    far = pa.array([2**62], pa.timestamp("us", tz="UTC"))
    with pytest.raises(PlanError, match="signed_up_at"):
        SlotFiller(content).fill(pa.table({"signed_up_at": far, "unsubscribe_url": ["https://a.example/"]}))


def test_a_day_is_the_day_in_utc(compile_parts: Compile) -> None:
    content = compile_parts('<p>{{ person.signed_up_at | date("short") }}</p>')
    late = pa.array([datetime(2026, 11, 24, 23, 30, tzinfo=UTC)]).cast(pa.timestamp("us", tz="Asia/Tokyo"))
    filled = SlotFiller(content).fill(pa.table({"signed_up_at": late, "unsubscribe_url": ["https://a.example/"]}))
    assert filled[0].to_pylist() == ["11/24/26"]


def test_a_missing_value_fails_with_the_number_of_people(compile_parts: Compile) -> None:
    content = compile_parts("<p>a</p>\n<p>{{ person.first_name }}</p>")
    people = table([{"first_name": name} for name in ("Secretname", None, " ", "\u202e")], **LINKS)
    with pytest.raises(PlanError) as raised:
        SlotFiller(content).fill(people)
    assert raised.value.where == "letter/body.html.j2, line 3"
    assert "person.first_name has no value for 3 people." in str(raised.value)
    assert "default" in raised.value.remedy
    assert "Secretname" not in str(raised.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% if person.purchases > 3 %}a{% endif %}", "person.purchases has no value for 2 people"),
        ("{{ person.country | upper }}", "person.country has no value for 1 person"),
        ("{{ person.attributes.size }}", "person.attributes.size has no value for 2 people"),
        ("{% if person.attributes.size > 3 %}a{% endif %}", "fails (TypeError) for 1 person"),
        ("{{ 1 / (person.purchases | default(1) - 7) }}", "fails (ZeroDivisionError) for 1 person"),
    ],
)
def test_blocks_fail_with_line_and_count(compile_parts: Compile, source: str, said: str) -> None:
    content = compile_parts(f"<p>{{% personal %}}\n{source}\n{{% endpersonal %}}</p>")
    people: list[dict[str, Any]] = [
        {"purchases": 7, "country": "DE", "attributes": {"size": 9}},
        {"purchases": None, "country": None, "attributes": None},
        {"purchases": None, "country": "Secret", "attributes": {}},
    ]
    if "TypeError" in said:
        people = [{"attributes": {"size": 9}}, {"attributes": {"size": "Secret"}}]
    with pytest.raises(PlanError) as raised:
        SlotFiller(content).fill(table(people, **LINKS))
    assert raised.value.where == "letter/body.html.j2, line 3"
    assert said in str(raised.value)
    assert "Secret" not in str(raised.value)


def test_a_missing_column(compile_parts: Compile) -> None:
    with pytest.raises(PlanError, match="first_name"):
        SlotFiller(compile_parts("<p>{{ person.first_name }}</p>")).fill(
            pa.table({"unsubscribe_url": ["https://a.example/"]})
        )


def test_invalid_attributes_are_empty(compile_parts: Compile) -> None:
    content = compile_parts('<p>{{ person.attributes.size | default("none") }}</p>')
    people = table([{}] * 4, **LINKS)
    broken = people.set_column(
        people.schema.names.index("attributes"), "attributes", pa.array(["{", "[1]", "null", '{"size": 3}'])
    )
    assert SlotFiller(content).fill(broken)[0].to_pylist() == ["none", "none", "none", "3"]


def test_too_many_bytes_for_one_person(compile_parts: Compile) -> None:
    content = compile_parts("<p>{{ person.first_name }}</p>\n<p>{{ person.last_name }}</p>")
    people = [{"first_name": "a" * 4_000, "last_name": "b" * 100}, {"first_name": "a", "last_name": "<" * 3_000}]
    with pytest.raises(PlanError, match=r"^letter/body\.html\.j2, line 3: person\.last_name makes .* 1 person too large"):
        SlotFiller(content).fill(table(people, **LINKS))


def test_money_is_in_the_shops_currency(compile_parts: Compile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "load_shop", lambda: load_shop().model_copy(update={"currency": "CHF"}))
    content = compile_parts("<p>{{ person.revenue | money }}</p>")
    assert "<p>CHF1,234.50</p>" in render_one(content, {"revenue": Decimal("1234.50"), **LINKS}).html


def test_dates_numbers_and_money_use_the_locale(compile_parts: Compile) -> None:
    html = '<p>{{ person.signed_up_at | date }}|{{ person.purchases | number }}|{{ person.revenue | money("EUR") }}</p>'
    person = {"signed_up_at": datetime(2026, 11, 24, tzinfo=UTC), "purchases": 1234, "revenue": Decimal("1234.50"), **LINKS}
    shown = {tag: render_one(compile_parts(html, locale=tag), person).html for tag in ("en", "de", "fr-FR", "tlh")}
    assert "<p>November 24, 2026|1,234|€1,234.50</p>" in shown["en"]
    assert "1,234|" in shown["tlh"]
    assert "<p>24. November 2026|1.234|1.234,50\xa0€</p>" in shown["de"].replace("&nbsp;", "\xa0")
    assert "<p>24 novembre 2026|" in shown["fr-FR"]
