"""Unsupported uses of a person's value are reported with file, line and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.core.errors import PlanError
from tests.dispatch.content.conftest import Compile

USES = {
    "if": ("{% if person.first_name %}a{% endif %}", "{% personal %}"),
    "if of a noted variable": ("{% set x = person.country %}{% if x %}a{% endif %}", "{% personal %}"),
    "compare": ('{% if person.country == "DE" %}a{% endif %}', "{% personal %}"),
    "order": ("{% if person.purchases > 3 %}a{% endif %}", "{% personal %}"),
    "in": ('{% if person.country in ["DE"] %}a{% endif %}', "{% personal %}"),
    "or": ('{{ person.first_name or "friend" }}', "default"),
    "inline if": ('{{ "a" if person.first_name else "b" }}', "{% personal %}"),
    "for": ("{% for x in person.first_name %}a{% endfor %}", "{% personal %}"),
    "add": ("{{ person.purchases + 1 }}", "{% personal %}"),
    "add to": ("{{ 1 + person.purchases }}", "{% personal %}"),
    "negate": ("{{ -person.purchases }}", "{% personal %}"),
    "join": ('{{ "Hi " ~ person.first_name }}', "{% personal %}"),
    "list": ('{{ [person.first_name] | join(",") }}', "{% personal %}"),
    "list printed": ("{{ [person.first_name] }}", "{% personal %}"),
    "function": ("{{ range(person.purchases) }}", "macros and filters"),
    "method": ("{{ person.first_name.upper() }}", "| upper"),
    "index": ("{{ person.first_name[0] }}", "{% personal %}"),
    "key": ('{% set d = {"DE": 1} %}{{ d[person.country] }}', "{% personal %}"),
    "test": ("{% if person.first_name is defined %}a{% endif %}", "{% personal %}"),
    "whole person": ("{{ person }}", "{% personal %}"),
    "whole attributes": ("{{ person.attributes }}", "{% personal %}"),
    "loop over person": ("{% for x in person %}a{% endfor %}", "{% personal %}"),
    "other filter": ("{{ person.first_name | center(20) }}", "Known:"),
    "value as an argument only": ('{{ "a" | replace("a", person.first_name) }}', "Known:"),
    "filter over text": ("{% set x %}{{ person.country }}{% endset %}{{ x | upper }}", "Filter the value itself"),
    "filter block": ("{% filter upper %}{{ person.country }}{% endfilter %}", "Filter the value itself"),
    "unknown field": ("{{ person.firstname }}", "Did you mean person.first_name?"),
    "unknown field by key": ('{{ person["frist_name"] }}', "Did you mean person.first_name?"),
    "address": ("{{ person.email }}", "A person has"),
    "unknown field in a block": (
        "{% personal %}{% if false %}{{ person.firstname }}{% endif %}{% endpersonal %}",
        "Did you mean",
    ),
    "person set": ("{% set person = 1 %}", "Choose another name"),
    "person as a parameter": ("{% macro m(person) %}{% endmacro %}", "Choose another name"),
    "whole person in a block": ("{% personal %}{{ person }}{% endpersonal %}", "Name the fields"),
    "person by variable": ('{% personal %}{% set f = "country" %}{{ person[f] }}{% endpersonal %}', "Name the fields"),
    "block in a block": ("{% personal %}{% personal %}a{% endpersonal %}{% endpersonal %}", "Close the first one"),
    "loop of outside": ("{% for x in [1] %}{% personal %}{{ loop.index }}{% endpersonal %}{% endfor %}", "Set a variable"),
    "noted in a block": ("{% set n = person.country %}{% personal %}{{ n }}{% endpersonal %}", "in the block itself"),
    "captured in a block": (
        "{% set n %}{{ person.country }}{% endset %}{% personal %}{{ n }}{% endpersonal %}",
        "in the block",
    ),
    "undefined": ("{{ nothing }}", "Fix that line"),
    "undefined in a block": ("{% personal %}{{ nothing }}{% endpersonal %}", "Set it before"),
    "jinja block in a block": ("{% personal %}{% block b %}{% endblock %}{% endpersonal %}", "inside the block"),
    "syntax": ("{% if %}", "Write an expression before %}."),
    "unknown filter": ("{{ 'a' | nosuch }}", "Fix that line"),
    "unknown include": ("{% include 'nosuch.html.j2' %}", "Fix that line"),
    "include by variable": ("{% set n = 'a.html.j2' %}{% include n %}", "plain text"),
    "text in html": ("{% include 'body.txt.j2' %}", ".html.j2"),
    "escaping off": ("{% autoescape false %}{{ person.country }}{% endautoescape %}", "Remove the tag"),
    "safe": ("{{ 'a' | safe }}", "Fix that line"),
    "division": ("{{ 1 / 0 }}", "Fix that line"),
    "branches": (
        '{% personal %}{% if person.purchases %}<a title="{% endif %}{{ person.country }}">b</a>{% endpersonal %}',
        "write the variants",
    ),
    "turns": (
        '{% personal %}{% for x in [1, 2] %}{{ person.country }}<a href="{% endfor %}">b</a>{% endpersonal %}',
        "close what",
    ),
    "turns in a link": (
        '<a href="{% personal %}{% for x in [1] %}{{ person.country }}/{% endfor %}{% endpersonal %}">b</a>',
        "close",
    ),
    "another attribute": (
        '<a href="{% personal %}https://a.example/" title="{% endpersonal %}">b</a>',
        "close what it opens",
    ),
    "encoded twice": (
        '{% personal %}<a href="https://a.example/?q={{ person.country | urlencode }}">b</a>{% endpersonal %}',
        "Remove urlencode",
    ),
    "half a tag": ("{% personal %}<a title={% endpersonal %}'b'>c</a>", "close what it opens"),
}


@pytest.mark.parametrize(("source", "remedy"), USES.values(), ids=USES.keys())
def test_an_unsupported_use_is_rejected_with_its_line(compile_parts: Compile, source: str, remedy: str) -> None:
    with pytest.raises(PlanError) as raised:
        compile_parts(f"<p>first</p>\n<p>second</p>\n{source}")
    assert raised.value.where == "letter/body.html.j2, line 4"
    assert remedy in str(raised.value)
    assert raised.value.remedy


PLACES = {
    "script": "<script>{{ person.country }}</script>",
    "style": "<style>{{ person.country }}</style>",
    "comment": "<!-- {{ person.country }} -->",
    "tag": "<{{ person.country }}>",
    "attribute name": "<p {{ person.country }}>a</p>",
    "unquoted": "<p title={{ person.country }}>a</p>",
    "handler": '<p onclick="{{ person.country }}">a</p>',
    "style attribute": '<p style="color: {{ person.country }}">a</p>',
    "host": '<a href="https://{{ person.country }}">a</a>',
    "host's end": '<a href="https://shop.example{{ person.country }}/">a</a>',
    "scheme": '<a href="java{{ person.country }}">a</a>',
    "script link": '<a href="javascript:{{ person.country }}">a</a>',
    "relative link": '<a href="/{{ person.country }}">a</a>',
    "meta": '<meta name="x" content="{{ person.country }}">',
    "srcdoc": '<iframe srcdoc="{{ person.country }}"></iframe>',
    "between rows": "<table>{{ person.country }}<tr><td>a</td></tr></table>",
    "between cells": "<table><tr>{{ person.country }}<td>a</td></tr></table>",
    "after a cell": "<table><tr><td>a</td>{{ person.country }}</tr></table>",
}


@pytest.mark.parametrize("block", [False, True], ids=["value", "block"])
@pytest.mark.parametrize("source", PLACES.values(), ids=PLACES.keys())
def test_unsafe_contexts(compile_parts: Compile, source: str, block: bool) -> None:
    inner = "{% personal %}{{ person.country }}{% endpersonal %}" if block else "{{ person.country }}"
    with pytest.raises(PlanError) as raised:
        compile_parts(f"<p>first</p>\n{source.replace('{{ person.country }}', inner)}")
    assert raised.value.where == "letter/body.html.j2, line 3"


def test_values_in_cells_of_nested_tables(compile_parts: Compile) -> None:
    html = "<table><tr><td><table><tr><td>{{ person.country }}</td></tr></table>{{ person.country }}</td></tr></table>"
    content = compile_parts(html)
    assert content.html.count(content.slots[0].tag) == 2


def test_an_unclosed_block(compile_parts: Compile) -> None:
    with pytest.raises(PlanError, match=r"^letter/body\.html\.j2, line \d+: .*endpersonal"):
        compile_parts("{% personal %}a")


def test_errors_name_the_other_file(compile_parts: Compile) -> None:
    files = {"base/piece.html.j2": "<p>a</p>\n{% if person.country %}b{% endif %}"}
    with pytest.raises(PlanError, match=r"^base/piece\.html\.j2, line 2:"):
        compile_parts("{% include 'base/piece.html.j2' %}", files=files)


@pytest.mark.parametrize(
    ("part", "file"), [("subject", "subject.txt.j2"), ("preheader", "preheader.txt.j2"), ("text", "body.txt.j2")]
)
def test_errors_name_the_part(compile_parts: Compile, part: str, file: str) -> None:
    with pytest.raises(PlanError) as raised:
        compile_parts(**{part: "one\n{{ person.first_name ~ 'a' }}"})
    assert raised.value.where == f"letter/{file}, line 2"


def test_errors_name_the_variant(compile_parts: Compile) -> None:
    from include.core.campaign_fields import Variant

    with pytest.raises(PlanError, match=r"campaigns/letter\.yaml \(subject of variant b\), line 1:"):
        compile_parts(variant=Variant(id="b", subject="{{ person.nothing }}"))


def test_a_block_printed_in_another_context(compile_parts: Compile) -> None:
    files = {
        "base/frame.html.j2": '<html lang="en"><body><a href="{% block link %}{% endblock %}">a</a></body></html>',
        "letter/body.html.j2": '{% extends "base/frame.html.j2" %}\n'
        "{% block link %}{% personal %}{{ person.country }}{% endpersonal %}{% endblock %}",
    }
    with pytest.raises(PlanError, match=r"^letter/body\.html\.j2, line 2: .*elsewhere"):
        compile_parts(files=files)


def test_missing_parts_and_folders(compile_parts: Compile, tmp_path: Path) -> None:
    from include.core.campaign_fields import Variant
    from include.dispatch.content import compile_content
    from tests.dispatch.content.conftest import a_campaign

    compile_parts()
    (tmp_path / "letter" / "body.html.j2").unlink()
    with pytest.raises(PlanError, match=r"^letter/body\.html\.j2: does not exist"):
        compile_content(tmp_path / "letter", campaign=a_campaign(), variant=Variant(id="only"), locale="en")
    with pytest.raises(PlanError, match="template nowhere: does not exist"):
        compile_content(tmp_path / "nowhere", campaign=a_campaign(), variant=Variant(id="only"), locale="en")


def test_more_slots_than_sendgrid_takes(compile_parts: Compile) -> None:
    html = "".join(f'<p>{{{{ person.first_name | default("{number}") }}}}</p>' for number in range(151))
    with pytest.raises(PlanError, match="153 personal values"):
        compile_parts(html)


WORDS = {
    "{% if %}": "there should be an expression where %} stands.",
    "{{ person.first_name </p>": "cannot stand here: an expression is not closed",
    "{{ locale locale }}": "there should be }} where locale stands.",
    "{{ 'a' | titel }}": "there is no filter titel. Did you mean title?",
    "{% personal %}{{ person.country | titel }}{% endpersonal %}": "there is no filter titel. Did you mean title?",
    "{# never closed": "a comment is not closed. Write #} where it ends.",
    "{{ locale }": "} cannot stand here: an expression is not closed, or text is not in quotes. Write }} with two braces.",
    "{% for x y %}{% endfor %}": "there should be in where y stands. Write the loop as {% for name in list %}.",
    "{% if locale = 'en' %}{% endif %}": "there should be %} where = stands. To compare, write ==;",
    "{% if locale %}{% else if language %}{% endif %}": "For a further condition, write {% elif … %}.",
    "{% set 3 = 4 %}": "only a name can be set. Write a name",
    "{% block a-b %}{% endblock %}": "the name of a block has a hyphen. Write an underscore instead.",
    "{% block a %}{% endblock %}{% block a %}{% endblock %}": "there are two blocks a. Rename one; {{ self.a() }} prints",
    "{% from 'base/parts.html.j2' import _b %}": "a name that starts with _ cannot be imported. Rename the macro.",
    "{% macro a(x=1, y) %}{% endmacro %}": "an argument without a default follows one that has one.",
    "{% call locale %}{% endcall %}": "{% call %} calls no macro. Write the macro with its brackets",
    "{{ locale is string is defined }}": "one test with is follows another. Write and between them",
    "{{ locale. }}": "there is no name after the dot. Write one, as in person.first_name.",
    "{{ range(stop=1, 2) }}": "a plain argument follows a named one. Write those with a name last",
    "{{ range(1 }}": "there should be ) before }. Close the bracket: write ).",
    "{{ locale) }}": ") cannot stand here: an expression is not closed, or text is not in quotes. Remove it, or write the (",
    "{{ 'x }}": "Close the quote; a text that contains ' stands in double quotes.",
    "{{ “x” }}": "Write straight quotes",
    "{{ locale && language }}": "For and, write and.",
    "{{ locale || language }}": "For or, write or;",
    "{{ locale ? 1 : 2 }}": "Write {{ one if condition else other }}",
    "{{ locale == }}": "}} cannot stand here: an expression is not closed, or text is not in quotes. Write what is missing",
    "{% %}": "{% %} has no tag. Write one",
    "{% raw %}x": "{% raw %} is not closed. Write {% endraw %} where it ends.",
    "{% for loop in range(2) %}{{ loop }}{% endfor %}": "loop is the name of what a loop knows about itself.",
    "{% include 'base/part.html.j2' %}": "there is no file 'base/part.html.j2'. Did you mean base/parts.html.j2?",
    "{% from 'base/parts.html.j2' import buton %}{{ buton('x') }}": "has no macro 'buton'. Did you mean button?",
    "{% for p in products('top_sellers', 2) %}{{ p.titel }}{% endfor %}": "there is no 'titel' here.",
    "{% for p in products('top_sellers', 2) %}{{ p.nam }}{% endfor %}": "there is no 'nam' here. Did you mean name?",
    "{{ 'x' | money }}": "a filter or a calculation does not work with this value (InvalidOperation).",
    "{{ 1 / 0 }}": "(ZeroDivisionError)",
}


@pytest.mark.parametrize(("source", "words"), WORDS.items(), ids=WORDS.keys())
def test_what_jinja_and_python_say_is_said_in_a_writers_words(compile_parts: Compile, source: str, words: str) -> None:
    parts = "{% macro button(url) %}{% endmacro %}"
    with pytest.raises(PlanError) as raised:
        compile_parts(f"<p>first</p>\n{source}", files={"base/parts.html.j2": parts})
    assert raised.value.where == "letter/body.html.j2, line 3"
    said = f"{raised.value.what} {raised.value.remedy}"
    assert words in said
    assert not re.search(r"search path|'dict object'|<class|expected token|/tmp", said), said


def test_a_macro_without_its_argument_is_an_error_where_it_is_called(compile_parts: Compile) -> None:
    """Not in the file of the macro, which its author has not touched."""
    macros = {"base/parts.html.j2": "{% macro button(url, label) %}\n<a href='{{ url }}'>{{ label }}</a>{% endmacro %}"}
    html = '{% from "base/parts.html.j2" import button %}\n{{ button("https://shop.example.com/") }}'
    with pytest.raises(PlanError, match="a macro is called without its argument label") as raised:
        compile_parts(html, files=macros)
    assert raised.value.where == "letter/body.html.j2, line 3"
