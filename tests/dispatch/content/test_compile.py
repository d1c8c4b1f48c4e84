"""Compilation: shared content becomes text, personal values become tags."""

from __future__ import annotations

import re
from typing import Any

import pytest

from include.core.campaign_fields import Variant
from include.core.errors import PlanError
from include.dispatch.content import PERSON_FIELDS, render_one
from tests.dispatch.content.conftest import LINKS, Compile

HELLO = '<p>Hello {{ person.first_name | title | default("friend") }}</p>'


def test_values_become_tags(compile_parts: Compile) -> None:
    content = compile_parts(HELLO, subject='{{ person.first_name | default("Hello") }}, look')
    tags = {(slot.expression, slot.context): slot.tag for slot in content.slots}
    assert content.subject == tags["person.first_name | default('Hello')", "header"] + ", look"
    assert "<p>Hello " + tags["person.first_name | title | default('friend')", "html"] + "</p>" in content.html
    assert f'<a clicktracking=off href="{tags["person.unsubscribe_url", "url"]}">' in content.html
    assert tags["person.unsubscribe_url", "text"] in content.text
    assert content.fields == {"first_name", "unsubscribe_url"}
    assert content.fields <= set(PERSON_FIELDS)


def test_a_slot_has_its_source_location(compile_parts: Compile) -> None:
    content = compile_parts("<p>one</p>\n" + HELLO)
    slot = next(slot for slot in content.slots if slot.context == "html")
    assert (slot.file, slot.line, slot.fields) == ("letter/body.html.j2", 3, ("first_name",))


def test_equal_slots_share_a_tag_per_context(compile_parts: Compile) -> None:
    value = '{{ person.first_name | default("x") }}'
    content = compile_parts(
        f'<p title="{value}">{value} {value}</p><a href="https://x.example/?n={value}">y</a>', text=value
    )
    places = [slot.context for slot in content.slots if slot.expression.startswith("person.first_name")]
    assert sorted(places) == ["attribute", "html", "text", "url"]
    assert content.html.count(next(slot.tag for slot in content.slots if slot.context == "html")) == 2


def test_tags_depend_on_the_content_hash(compile_parts: Compile) -> None:
    one, other = compile_parts(HELLO), compile_parts(HELLO + "<p>more</p>")
    assert one.tag_core != other.tag_core
    assert all(re.fullmatch(r"-tw[0-9a-f]{6}x\d+-", slot.tag) for slot in one.slots)
    assert one.tag_core == f"tw{one.content_hash[:6]}"


def test_the_same_input_gives_the_same_content(compile_parts: Compile) -> None:
    assert compile_parts(HELLO) == compile_parts(HELLO)


@pytest.mark.parametrize(
    "changed",
    [
        {"text": "Hello you"},
        {"subject": "Other"},
        {"preheader": "Other"},
        {"locale": "en-GB"},
        {"variant": Variant(id="other")},
        {"name": "Other name"},
        {"html": HELLO.replace("friend", "reader")},
        {"html": HELLO.replace("title", "upper")},
    ],
    ids=str,
)
def test_the_hash_covers_everything(compile_parts: Compile, changed: dict[str, Any]) -> None:
    assert compile_parts(**({"html": HELLO} | changed)).content_hash != compile_parts(HELLO).content_hash


def test_the_hash_covers_the_bodies_of_blocks(compile_parts: Compile) -> None:
    block = "<p>{% personal %}{% if person.purchases %}yes{% else %}no{% endif %}{% endpersonal %}</p>"
    assert compile_parts(block).content_hash != compile_parts(block.replace("yes", "YES")).content_hash


def test_the_tag_prefix_can_be_set(compile_parts: Compile) -> None:
    assert compile_parts(HELLO, tag_prefix="test").slots[0].tag == "-testx0-"
    with pytest.raises(PlanError, match="not a valid prefix"):
        compile_parts(HELLO, tag_prefix="a b")
    with pytest.raises(PlanError, match="occurs in the template"):
        compile_parts(HELLO, tag_prefix="Hello")


def test_inheritance_includes_and_macros(compile_parts: Compile) -> None:
    files = {
        "base/frame.html.j2": '<html lang="en"><body><h1>{% block head %}{% endblock %}</h1>{% block body %}{% endblock %}'
        '<a href="{{ unsubscribe_url }}">out</a>{{ postal_address }}</body></html>',
        "base/macros.html.j2": '{% macro hello(name) %}<b title="{{ name }}">{{ name }}</b>{% endmacro %}',
        "base/sign.html.j2": '<i>{{ person.country | default("-") }} {{ sender.name }}</i>',
        "letter/body.html.j2": '{% extends "base/frame.html.j2" %}{% from "base/macros.html.j2" import hello %}\n'
        '{% block head %}{{ hello(person.first_name | default("x")) }}{% endblock %}'
        '{% block body %}{% include "base/sign.html.j2" %}{% personal %}{{ hello(person.last_name | default("y")) }}'
        '{% include "base/sign.html.j2" %}{% endpersonal %}{% endblock %}',
    }
    content = compile_parts(files=files)
    html = render_one(content, {"first_name": 'A"b', "last_name": "<C>", "country": "DE", **LINKS}).html
    assert '<h1><b title="A&#34;b">A&#34;b</b></h1><i>DE Harbour Records</i>' in html
    assert '<b title="&lt;C&gt;">&lt;C&gt;</b><i>DE Harbour Records</i>' in html
    block = next(slot for slot in content.slots if slot.expression == "{% personal %}")
    assert block.fields == ("country", "last_name")


def test_a_block_captures_loop_variables(compile_parts: Compile) -> None:
    html = (
        '{% set word = "orders" %}{% for limit in [1, 5] %}<p>{% personal %}{% if person.purchases > limit %}'
        "more than {{ limit }} {{ word }}{% else %}few{% endif %}{% endpersonal %}</p>{% endfor %}"
    )
    shown = render_one(compile_parts(html), {"purchases": 3, **LINKS}).html
    assert "<p>more than 1 orders</p><p>few</p>" in shown


def test_a_block_can_call_a_macro_that_reads_person(compile_parts: Compile) -> None:
    html = "{% macro seen() %}{{ person.country }}{% endmacro %}<p>{% personal %}{{ seen() }}{% endpersonal %}</p>"
    assert "<p>FR</p>" in render_one(compile_parts(html), {"country": "FR", **LINKS}).html


def test_links_work_inside_a_block(compile_parts: Compile) -> None:
    html = '{% personal %}{% if person.country %}<a href="{{ preferences_url }}">a</a>{% endif %}{% endpersonal %}'
    shown = render_one(compile_parts(html), {"country": "DE", **LINKS}).html
    assert '<a clicktracking=off href="https://mail.example.com/p/1">a</a>' in shown


def test_the_locale_selects_the_file_and_is_a_variable(compile_parts: Compile) -> None:
    files = {"letter/subject.de.txt.j2": "Drei Platten", "letter/subject.de-AT.txt.j2": "Drei Platten, bitte"}
    html = '<p>{% if locale.startswith("de") %}Guten Tag{% else %}Hello{% endif %} {{ language }}</p>'
    assert [compile_parts(html, files=files, locale=tag).subject for tag in ("en", "de", "de-CH", "de-AT")] == [
        "Three records",
        "Drei Platten",
        "Drei Platten",
        "Drei Platten, bitte",
    ]
    assert "<p>Guten Tag de</p>" in compile_parts(html, files=files, locale="de-CH").html


def test_a_variant_replaces_the_subject(compile_parts: Compile) -> None:
    variant = Variant(
        id="b", subject='{% if language == "de" %}Hallo{% else %}Hi{% endif %} {{ person.first_name | default("") }}'
    )
    content = compile_parts(variant=variant, locale="de")
    assert render_one(content, {"first_name": "Ada", **LINKS}).subject == "Hallo Ada"
    assert content.slots[0].where == "campaigns/letter.yaml (subject of variant b), line 1"


def test_subject_and_preheader_become_one_line(compile_parts: Compile) -> None:
    content = compile_parts(subject="One\n  two\n", preheader="A\n b", html="<div>{{ preheader }}</div>")
    assert (content.subject, content.preheader) == ("One two", "A b")
    assert "<div>A b</div>" in content.html


def test_a_personal_preheader_is_escaped_in_the_html(compile_parts: Compile) -> None:
    preheader = "{% personal %}{% if person.first_name %}{{ person.first_name }} & co{% endif %}{% endpersonal %}"
    content = compile_parts("<div>{{ preheader }}</div>", preheader=preheader)
    assert "<div>&lt;b&gt; &amp; co</div>" in render_one(content, {"first_name": "<b>", **LINKS}).html


def test_styles_are_inlined_and_the_style_sheet_stays(compile_parts: Compile) -> None:
    html = compile_parts(
        "<style>p { color: #123456; } @media (prefers-color-scheme: dark) { p { color: #fff; } }</style><p>a</p>"
    ).html
    assert '<p style="color: #123456;">a</p>' in html
    assert "prefers-color-scheme: dark" in html


def test_literal_handlebars_and_raw_jinja_are_unchanged(compile_parts: Compile) -> None:
    content = compile_parts("<p>{% raw %}{{7*7}} {{{x}}}{% endraw %}</p>")
    assert "<p>{{7*7}} {{{x}}}</p>" in content.html


def test_two_blocks_in_one_line_are_two_slots(compile_parts: Compile) -> None:
    block = "{{% personal %}}{{% if person.purchases %}}{0}{{% else %}}no {0}{{% endif %}}{{% endpersonal %}}"
    content = compile_parts(f"<p>{block.format('one')}</p><p>{block.format('two')}</p>")
    assert "<p>one</p><p>two</p>" in render_one(content, {**LINKS, "purchases": 1}).html
    assert "<p>no one</p><p>no two</p>" in render_one(content, LINKS).html
