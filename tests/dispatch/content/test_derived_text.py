"""A template without a text part gets one from its HTML, with the same values for each person."""

from __future__ import annotations

from typing import Any

import pytest

from include.core.errors import PlanError
from include.dispatch.content import Content, render_one
from tests.dispatch.content.conftest import ADDRESS, LINKS, Compile

ADA = {**LINKS, "first_name": "Ada", "country": "GB", "purchases": 2}


def text_of(content: Content, **person: Any) -> str:
    return render_one(content, {**ADA, **person}).text


def derived(compile_parts: Compile, html: str, **given: Any) -> Content:
    return compile_parts(html, text=None, **given)


def test_the_text_has_the_words_the_links_and_the_requirements_of_the_law(compile_parts: Compile) -> None:
    html = '<h1>Three</h1><table><tr><td>One</td><td><a href="https://x.example/a?b=1&amp;c=2">Look</a></td></tr></table>'
    text = text_of(derived(compile_parts, html))
    assert text == (
        "Three\n\nOne\nLook <https://x.example/a?b=1&c=2>\n\n"
        f"Unsubscribe <{LINKS['unsubscribe_url']}>\n\n{ADDRESS}\n"
    )  # fmt: skip


def test_hidden_text_is_left_out_and_images_are_their_alt_texts(compile_parts: Compile) -> None:
    html = (
        '<div style="display: none">Psst</div><p><img src="https://x.example/a.png" width="1" height="1" alt="A boat"></p>'
    )
    assert text_of(derived(compile_parts, html)).startswith("[A boat]\n")


def test_a_link_whose_words_are_its_url_is_written_once(compile_parts: Compile) -> None:
    html = '<p><a href="https://x.example/a">https://x.example/a</a>, <a href="mailto:a@x.example">a@x.example</a></p>'
    assert text_of(derived(compile_parts, html)).startswith("https://x.example/a, a@x.example\n")


def test_values_are_escaped_for_text_and_for_urls_in_text(compile_parts: Compile) -> None:
    html = '<p>Hi {{ person.first_name }} <a href="https://x.example/?n={{ person.first_name }}">you</a></p>'
    text = text_of(derived(compile_parts, html), first_name="<b>A & B")
    assert text.startswith("Hi <b>A & B you <https://x.example/?n=%3Cb%3EA%20%26%20B>\n")


def test_personal_blocks_become_text_for_each_person(compile_parts: Compile) -> None:
    html = (
        "<p>Now {% personal %}{% if person.purchases %}<b>{{ person.first_name }}</b>, <a href='https://x.example/vip'>VIP</a>"
        "{% else %}nothing{% endif %}{% endpersonal %}.</p>"
    )
    content = derived(compile_parts, html)
    assert text_of(content, first_name="A&B").startswith("Now A&B, VIP <https://x.example/vip>.\n")
    assert text_of(content, purchases=None).startswith("Now nothing.\n")


def test_a_name_that_looks_like_a_tag_stays_text(compile_parts: Compile) -> None:
    content = derived(
        compile_parts, "<p>{% personal %}<i>{{ person.first_name }}</i>{% endpersonal %}</p>", tag_prefix="test"
    )
    assert "-te-stx0-" in text_of(content, first_name="-testx0-")


def test_what_the_html_lacks_is_missing_from_the_text_too(compile_parts: Compile) -> None:
    html = '<html lang="en"><body><p>Hi</p><a href="{{ unsubscribe_url }}">Unsubscribe</a></body></html>'
    with pytest.raises(PlanError, match="lacks the postal address") as raised:
        compile_parts(files={"letter/body.html.j2": html}, text=None)
    assert raised.value.where == "letter/body.html.j2"


def test_the_same_template_gives_the_same_content(compile_parts: Compile) -> None:
    html = "<p>{% personal %}{{ person.country }}{% endpersonal %} {{ person.first_name }}</p>"
    assert derived(compile_parts, html) == derived(compile_parts, html)
    assert derived(compile_parts, html).content_hash != compile_parts(html).content_hash
