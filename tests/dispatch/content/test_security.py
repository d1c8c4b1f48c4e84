"""A person's value is data: it never becomes markup, script, a header, an unsafe link or a substitution tag."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from include.core.errors import PlanError
from include.dispatch.content import names, render_one
from tests.dispatch.content.conftest import LINKS, Compile, element

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</a></p></body>",
    "--><script>alert(1)</script>",
    "&lt;script&gt;",
    "{{7*7}}",
    "{% for x in [1] %}x{% endfor %}",
    "{{{body}}}",
    "{{#each x}}",
    "${7*7}",
    "javascript:alert(1)",
    "a\r\nBcc: v@example.org",
    "x" * 900,
    "\u202eevil\u2066",
    "\x00\x07\x1b\x7f\x85\u2028\u2029",
    "\ue0000\ue001",
]
EVERYWHERE = (
    '<p title="{{ person.first_name | default("-") }}">{{ person.first_name | default("-") }}</p>'
    '<a href="https://shop.example/?q={{ person.first_name | default("-") }}">a</a>'
    '<p title="{% personal %}{{ person.first_name | default("-") }}{% endpersonal %}">'
    '{% personal %}<i lang="{{ person.first_name | default("-") }}">{{ person.first_name | default("-") }}</i>'
    '<a href="https://shop.example/?q={{ person.first_name | default("-") }}">b</a>{% endpersonal %}</p>'
)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_payloads_are_printed_literally(compile_parts: Compile, payload: str) -> None:
    content = compile_parts(EVERYWHERE, subject='Hi {{ person.first_name | default("-") }}')
    harmless, shown = (render_one(content, {"first_name": name, **LINKS}) for name in ("Ada", payload))
    plain, tree = LexborHTMLParser(harmless.html), LexborHTMLParser(shown.html)
    assert [node.tag for node in tree.css("*")] == [node.tag for node in plain.css("*")]
    assert [sorted(node.attributes) for node in tree.css("*")] == [sorted(node.attributes) for node in plain.css("*")]
    assert all(str(link.attributes["href"]).startswith("https://") for link in tree.css("a"))
    assert not any(ord(mark) < 32 or ord(mark) in {0x7F, 0x85, 0x2028, 0x2029, 0x202E} for mark in shown.subject)


def test_text_is_shown_literally(compile_parts: Compile) -> None:
    value = "{{ person.first_name }}"
    content = compile_parts(f'<p id="x">{value}</p>', text=value, subject=value)
    for payload in ("{{7*7}}@e.org", "'or'1'='1", "=1+1", "Robert'); drop table", "<b>&amp;", "Ünïcødé 李 🙂"):
        shown = render_one(content, {"first_name": payload, **LINKS})
        assert element(shown.html, "#x").text() == payload
        assert (shown.subject, shown.text.splitlines()[0]) == (payload, payload)


LINK = '<a id="x" href="{{ person.attributes.link }}">a</a>'
LINK_BLOCK = '{% personal %}<a id="x" href="{{ person.attributes.link }}">a</a>{% endpersonal %}'
LINK_WHOLE = '<a id="x" href="{% personal %}{% if true %}{{ person.attributes.link }}{% endif %}{% endpersonal %}">a</a>'
MACRO = "{% macro m(u) %}{{ u }}{% endmacro %}"
LINK_MACRO = MACRO + '<a id="x" href="{% personal %}{{ m(person.attributes.link) }}{% endpersonal %}">a</a>'


@pytest.mark.parametrize("html", [LINK, LINK_BLOCK, LINK_WHOLE, LINK_MACRO], ids=["value", "in", "around", "macro"])
@pytest.mark.parametrize(
    ("link", "becomes"),
    [
        ("https://ok.example/a?b=c&d=e#f", "https://ok.example/a?b=c&d=e#f"),
        ("http://ok.example", "http://ok.example"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("HTTPS://ok.example/", "HTTPS://ok.example/"),
        ("https://ok.example/a b\"'<", "https://ok.example/a%20b%22'%3C"),
        ("https://ok.example/ä", "https://ok.example/%C3%A4"),
        ("javascript:alert(1)", "#"),
        (" java\tscript:alert(1)", "#"),
        ("JaVaScRiPt:alert(1)", "#"),
        ("data:text/html,<script>", "#"),
        ("vbscript:x", "#"),
        ("//evil.example", "#"),
        ("/relative", "#"),
        ("https:evil", "#"),
        ("https://", "#"),
        ("http:\\\\evil.example", "#"),
        ("&#106;avascript:alert(1)", "#"),
        ("ftp://a.example/", "#"),
        ("x", "#"),
    ],
)
def test_links_are_http_https_or_mailto(compile_parts: Compile, html: str, link: str, becomes: str) -> None:
    shown = render_one(compile_parts(html), {"attributes": {"link": link}, **LINKS}).html
    assert element(shown, "#x").attributes["href"] == becomes


def test_a_macro_in_a_query_cannot_add_a_parameter(compile_parts: Compile) -> None:
    html = MACRO + '<a id="x" href="https://a.example/?q={% personal %}{{ m(person.country) }}{% endpersonal %}">a</a>'
    shown = render_one(compile_parts(html), {"country": "a&b=c", **LINKS}).html
    assert element(shown, "#x").attributes["href"] == "https://a.example/?q=a%26b%3Dc"


@pytest.mark.parametrize("context", ["subject", "preheader", "text", "html"])
def test_lone_surrogates_and_control_characters_are_removed(compile_parts: Compile, context: str) -> None:
    content = compile_parts(**{context: "[{{ person.first_name }}]"})
    shown = render_one(content, {"first_name": "a\ud800\x00\u202eb", **LINKS})
    merged = shown.subject + shown.html + shown.text
    assert not {"\x00", "\u202e", "\ud800"} & set(merged)


def test_a_value_cannot_contain_a_tag(compile_parts: Compile) -> None:
    html = "<p>{{ person.first_name }}</p><p>{% personal %}{{ person.last_name }}{% endpersonal %}</p>"
    content = compile_parts(html)
    tags = "".join(slot.tag for slot in content.slots) + content.tag_core
    shown = render_one(content, {"first_name": tags, "last_name": f"-{tags}", **LINKS})
    assert content.tag_core not in shown.html + shown.text + shown.subject
    assert shown.html.count("https://mail.example.com/u/1") == 1


ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ person._now }}",
    "{{ person.__class__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ range.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ cycler.__init__ }}",
    "{{ config }}",
    "{{ environment }}",
    "{{ lipsum.__globals__ }}",
    "{{ '%s' % 1 }}",
    "{{ 'a' * 1000000000 }}",
    "{{ [1] * 1000000000 }}",
    "{{ 10 ** 100000 }}",
    "{{ 'a'.center(1000000000) }}",
    "{{ 'a' | center(1000000000) }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ range(100000000) | list | length }}",
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for a in range(9999) %}" + "x" * 999 + "{% endfor %}",
    "{% include '../../../../../../etc/passwd' %}",
    "{% include 'body.html.j2' %}",
    "{{ [].append(1) }}",
    "{{ 'a'.encode().decode }}{{ nothing }}",
]


@pytest.mark.parametrize("source", ESCAPES)
@pytest.mark.parametrize("block", [False, True], ids=["common", "personal"])
def test_templates_are_sandboxed_and_bounded(compile_parts: Compile, source: str, block: bool) -> None:
    begun = time.monotonic()
    with pytest.raises(PlanError, match=r"line|calls itself|grows too large"):
        compile_parts(f"<p>{{% personal %}}{source}{{% endpersonal %}}</p>" if block else f"<p>{source}</p>")
    assert time.monotonic() - begun < 40


def test_a_file_that_is_too_large(compile_parts: Compile) -> None:
    with pytest.raises(PlanError, match="too large"):
        compile_parts("<p>" + "x" * 300_000 + "</p>")


def test_private_use_characters_in_a_template(compile_parts: Compile) -> None:
    with pytest.raises(PlanError, match="private-use"):
        compile_parts("<p>\ue0000\ue001</p>")


def test_not_utf8(compile_parts: Compile, tmp_path: Path) -> None:
    from include.core.campaign_fields import Variant
    from include.dispatch.content import compile_content
    from tests.dispatch.content.conftest import a_campaign

    compile_parts()
    (tmp_path / "letter" / "body.txt.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(PlanError, match="UTF-8"):
        compile_content(tmp_path / "letter", campaign=a_campaign(), variant=Variant(id="only"), locale="en")


DOUBLED = '{% set ns = namespace(x="aaaaaaaaaa") %}{% for i in range(60) %}{% set ns.x = DOUBLE %}{% endfor %}{{ ns.x }}'
NESTED = "{% macro m(x) %}{{ x }}{{ x }}{% endmacro %}{{ " + "m(" * 40 + '"aaaaaaaaaa"' + ")" * 40 + " }}"
LONG = "a" * 1_000


@pytest.mark.parametrize(
    "bomb",
    [
        DOUBLED.replace("DOUBLE", "ns.x ~ ns.x"),
        DOUBLED.replace("DOUBLE", "ns.x + ns.x"),
        DOUBLED.replace("DOUBLE", "[ns.x, ns.x]"),
        DOUBLED.replace("DOUBLE", "[ns.x, ns.x] | join"),
        DOUBLED.replace("DOUBLE", '{"a": ns.x, "b": ns.x}'),
        DOUBLED.replace("{% set ns.x = DOUBLE %}", "{% set x %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = x %}"),
        NESTED,
        f"{{% macro m() %}}{{% for i in range(9999) %}}{LONG}{{% endfor %}}{{% endmacro %}}{{{{ m() }}}}",
        f"{{% personal %}}{{% for i in range(9999) %}}{LONG}{{% endfor %}}{{{{ person.country }}}}{{% endpersonal %}}",
    ],
    ids=["joined", "added", "listed", "list joined", "mapped", "captured", "macros", "macro with a loop", "personal"],
)
def test_a_template_that_makes_more_and_more_text_is_refused_before_memory_is_full(
    compile_parts: Compile, bomb: str
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PlanError, match=r"makes too much text|grows too large") as refused:
        compile_parts(f"<p>{bomb}</p>")
    assert refused.value.where.startswith("letter/body.html.j2, line")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024, "kilobytes"


def test_looking_for_names_computes_nothing() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = '<p>{{ "a" * 400000000 }}{{ "a" | center(400000000) }}{{ nothing }}</p>'
    found = names.problems(Path("letter/body.html.j2"), source)
    assert [problem.what for problem in found] == ["nothing is not defined."]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024, "kilobytes"
