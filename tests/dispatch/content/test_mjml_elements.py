"""The list of MJML's elements says what the compiler does with them: it is asked, element by element."""

from __future__ import annotations

import re

import pytest
from mjml import mjml2html

from include.dispatch.content.mjml_elements import WITHOUT_EFFECT, known_elements, parents

CONTENT = {
    "mj-accordion": "<mj-accordion-element><mj-accordion-title>a</mj-accordion-title></mj-accordion-element>",
    "mj-accordion-element": "<mj-accordion-title>a</mj-accordion-title><mj-accordion-text>b</mj-accordion-text>",
    "mj-body": "<mj-section><mj-column><mj-text font-family='Foo'>a</mj-text></mj-column></mj-section>",
    "mj-carousel": "<mj-carousel-image src='https://x/b.png'/><mj-carousel-image src='https://x/c.png'/>",
    "mj-column": "<mj-text>a</mj-text>",
    "mj-group": "<mj-column><mj-text>a</mj-text></mj-column>",
    "mj-hero": "<mj-text>a</mj-text>",
    "mj-navbar": "<mj-navbar-link href='/a'>a</mj-navbar-link>",
    "mj-section": "<mj-column><mj-text>a</mj-text></mj-column>",
    "mj-social": "<mj-social-element name='facebook' href='https://x/'>a</mj-social-element>",
    "mj-table": "<tr><td>a</td></tr>",
    "mj-wrapper": "<mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section>",
}
"""What an element needs in it so that its attributes show."""
IMAGE = {"background-url": "https://x/a.png"}
GIVEN = {
    "mj-button": {"href": "https://x/"},
    "mj-carousel-image": {"src": "https://x/a.png", "href": "https://x/"},
    "mj-column": {"padding": "5px"},
    "mj-font": {"name": "Foo", "href": "https://x/foo.css"},
    "mj-hero": IMAGE,
    "mj-image": {"src": "https://x/a.png", "href": "https://x/"},
    "mj-navbar": {"hamburger": "hamburger"},
    "mj-section": IMAGE,
    "mj-social-element": {"name": "facebook", "href": "https://x/"},
    "mj-wrapper": IMAGE,
}
"""The other attributes that an attribute needs to show."""
VALUES = ("37px", "#123456", "1px solid #123456", "7", "https://y/z.png", "bold", "twitter", "300px", "hamburger", "Foo")
ONLY_IN_HEAD = known_elements()["mj-head"].children - {"mj-raw"}
IN_BODY = sorted(name for name in known_elements() if parents(name) and name not in ONLY_IN_HEAD)


def written(name: str, attributes: dict[str, str], content: str | None = None) -> str:
    content = CONTENT.get(name, "a" if known_elements()[name].is_ending else "") if content is None else content
    given = "".join(f' {attribute}="{value}"' for attribute, value in attributes.items())
    return f"<{name}{given}>{content}</{name}>" if content else f"<{name}{given} />"


def compiled(name: str, source: str) -> str:
    """The HTML of an element where it may stand, without the random names that the compiler gives."""
    while (above := parents(name)) and name != "mjml":
        source, name = written(above[0], {}, source), above[0]
        source += written("mj-body", {}) if name == "mj-head" else ""
    html = mjml2html(source, fonts={}, disable_comments=False)
    return re.sub(r"(?<=[-\"_])[0-9a-zA-Z]{8,}(?=[-\"_. ,])", "", re.sub(r"[0-9a-f]{8,}", "", html))


def has_effect(name: str, attribute: str) -> bool:
    others = {other: value for other, value in GIVEN.get(name, {}).items() if other != attribute}
    without = compiled(name, written(name, others))
    values = known_elements()[name].attributes[attribute] or VALUES
    return any(compiled(name, written(name, {**others, attribute: value})) != without for value in values if value)


@pytest.mark.parametrize("name", sorted({*known_elements()} - {"mj-all", "mj-class", "mj-attributes", "mj-head", "mjml"}))
def test_the_compiler_does_what_the_list_says(name: str) -> None:
    sample = compiled(name, written(name, GIVEN.get(name, {})))
    assert sample == compiled(name, written(name, GIVEN.get(name, {})))
    attributes = set(known_elements()[name].attributes) - {"mj-class"}
    dropped = {attribute for attribute in attributes if not has_effect(name, attribute)}
    not_missed = {"inline"} if name == "mj-style" else set()  # All styles become inline.
    assert dropped - not_missed == WITHOUT_EFFECT.get(name, frozenset())


@pytest.mark.parametrize("name", IN_BODY)
def test_the_compiler_takes_an_element_wherever_it_may_stand(name: str) -> None:
    for parent in parents(name):
        html = compiled(parent, written(parent, {}, written(name, GIVEN.get(name, {}))))
        assert "<mj" not in html, parent
