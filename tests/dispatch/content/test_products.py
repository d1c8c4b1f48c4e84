"""Products in a mail: lists for everybody and for each person, escaped, with a fallback that the template states."""

from __future__ import annotations

from typing import Any

import pytest

from include.core.errors import PlanError
from include.dispatch.content import render_one
from include.dispatch.content.products import Row
from tests.dispatch.content.conftest import LINKS, Compile

SHARED = (
    '{% for each in products("top_sellers", 2) %}<p><a href="{{ each.url }}">{{ each.name }}</a> '
    "{{ each.price | money(each.currency) }}</p>{% else %}<p>None</p>{% endfor %}"
)
PERSONAL = (
    "<div>{% personal %}{% if person.products.last_viewed %}{% for each in person.products.last_viewed[:2] %}"
    '<a href="{{ each.url }}">{{ each.name }}</a> {{ each.price | money(each.currency) }};{% endfor %}'
    '{% else %}{% for each in products("top_sellers", 1) %}Or {{ each.name }}{% endfor %}{% endif %}{% endpersonal %}</div>'
)


def row(name: str, **changed: Any) -> Row:
    return {"id": "x", "name": name, "price": "24.90", "currency": "EUR", "url": "https://shop.example.com/x?a=1&b=2",
            "image": None} | changed  # fmt: skip


def test_a_list_for_everybody_is_part_of_the_content(compile_parts: Compile) -> None:
    content = compile_parts(SHARED, products={"top_sellers": [row("A & B"), row("C"), row("D")]})
    assert "A &amp; B</a> €24.90" in content.html
    assert 'href="https://shop.example.com/x?a=1&amp;b=2&amp;utm_source' in content.html
    assert ">D<" not in content.html
    assert content.product_lists == {"top_sellers"}
    assert "None" in compile_parts(SHARED, products={"top_sellers": []}).html


def test_the_hash_does_not_depend_on_the_rows(compile_parts: Compile) -> None:
    """Without rows, which is what a resumed send is compared with; a plan keeps the bytes that it was frozen with."""
    assert compile_parts(SHARED).content_hash == compile_parts(SHARED).content_hash
    assert "Product 1" in compile_parts(SHARED).html
    other = SHARED.replace("top_sellers", "recommended")
    assert compile_parts(SHARED).content_hash != compile_parts(other).content_hash


def test_lists_of_a_person_are_escaped_and_have_a_fallback(compile_parts: Compile) -> None:
    content = compile_parts(PERSONAL, text=None, products={"top_sellers": [row("Hit")]})
    viewed = {"last_viewed": [row("<b>A</b>", url="javascript:alert(1)"), row("B"), row("C")]}
    mail = render_one(content, {**LINKS, "products": viewed})
    assert '<a href="#">&lt;b&gt;A&lt;/b&gt;</a> €24.90;' in mail.html
    assert "B</a>" in mail.html
    assert "C</a>" not in mail.html
    assert "<b>A</b> <#>" not in mail.text
    assert "B <https://shop.example.com/x?a=1&b=2&utm_source=newsletter" in mail.text
    nothing: list[Any] = [{"last_viewed": []}, {}, None]
    for nobody in nothing:
        assert "Or Hit" in render_one(content, {**LINKS, "products": nobody}).html


def test_a_list_without_a_fallback_names_its_line_and_the_number_of_people(compile_parts: Compile) -> None:
    html = "<p>{% personal %}{% for each in person.products.last_viewed %}{{ each.name }}{% endfor %}{% endpersonal %}</p>"
    with pytest.raises(PlanError, match=r"person\.products\.last_viewed has no value for 1 person") as raised:
        render_one(compile_parts(html), LINKS)
    assert raised.value.where == "letter/body.html.j2, line 2"


@pytest.mark.parametrize(
    ("html", "said", "remedy"),
    [
        ('<p></p>\n{{ products("top_seller") }}', "no list of products 'top_seller'", "Did you mean top_sellers?"),
        ('<p></p>\n{{ products("last_viewed") }}', "no list of products 'last_viewed'", "person.products.last_viewed"),
        ("<p></p>\n{{ products(locale) }}", "does not name a list", 'products("top_sellers", 3)'),
        ('<p></p>\n{{ products("top_sellers", 99) }}', "1 to 12 products", "top_sellers"),
        ("<p></p>\n{{ person.products.last_viewed }}", "is a list for each person", "personal"),
        (
            "<p></p>\n{% personal %}{{ person.products.last_seen }}{% endpersonal %}",
            "'last_seen'",
            "Known lists: last_viewed",
        ),
    ],
)
def test_mistakes_have_their_line(compile_parts: Compile, html: str, said: str, remedy: str) -> None:
    with pytest.raises(PlanError, match=said) as raised:
        compile_parts(html)
    assert raised.value.where == "letter/body.html.j2, line 3"
    assert remedy in raised.value.remedy
