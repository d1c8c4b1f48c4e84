"""Substitution and links."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simulator.decoding import decode
from simulator.payload import Mail
from simulator.render import Link, Links, _Anchors, body_unsubscribe_link, one_click, render, unsubscribe_link
from tests.simulator.mails import LINK, mail, with_


def decoded(body: dict[str, Any]) -> Mail:
    found = decode(json.dumps(body).encode())
    assert isinstance(found, Mail)
    return found


pieces = st.sampled_from(
    ["a", "https://x.example/", "?q=1", "&amp;", "&", '"', "'", "<a href='https://y.example'>", ">", " "]
)
values = st.lists(pieces, max_size=4).map("".join)


@given(values, values)
def test_the_quick_way_to_the_links_finds_what_the_rendered_html_has(one: str, two: str) -> None:
    html = (
        '<a href="[one]">1</a> [two] <a href="https://shop.example/?a=1&amp;b=[one]">2</a>'
        '<a clicktracking=off href="[two]">3</a>'
    )
    made = decoded(with_("personalizations.0.substitutions", {"[one]": one, "[two]": two}, with_("content.1.value", html)))
    person = made.personalizations[0]
    hrefs = [url for url in _Anchors(render(made, person).html).found if url.startswith("http")]
    assert [link.url for link in Links(made).of(person, with_text=False) if link.part == "html"] == hrefs


def test_links_are_counted_within_their_part() -> None:
    made = decoded(mail())
    assert Links(made).of(made.personalizations[0], with_text=True) == [
        Link("https://shop.example/new", 0, "html"),
        Link(f"{LINK}0", 1, "html"),
        Link(f"{LINK}0", 0, "text"),
    ]


def test_the_ways_to_leave_are_found() -> None:
    made = decoded(mail())
    person = made.personalizations[0]
    header = unsubscribe_link(person, made)
    assert header == f"{LINK}0"
    assert one_click(person, made)
    assert body_unsubscribe_link(Links(made).of(person, with_text=False), header) == f"{LINK}0"


def test_longer_tags_come_first() -> None:
    made = decoded(with_("personalizations.0.substitutions", {"-n": "short", "-name": "long"}, with_("subject", "-n -name")))
    assert render(made, made.personalizations[0]).subject == "short long"


def test_sections_may_hold_tags() -> None:
    body = mail(subject="-s-", sections={"-s-": "for [[name]]"})
    made = decoded(body)
    assert render(made, made.personalizations[0]).subject == "for Name 0"


@given(
    st.text(st.sampled_from("<>!-[]/?='\"a hrefcdt:&;#x0"), max_size=60),
    st.text(st.sampled_from("htps:/[]@?#%a."), max_size=20),
)
def test_no_body_is_too_odd_to_look_for_links(html: str, link: str) -> None:
    made = decoded(with_("content.1.value", f'<a href="{LINK}">x</a>{html}<a href="https://{link}">y</a>'))
    person = made.personalizations[0]
    found = Links(made).of(person, with_text=True)
    assert found[0].url == LINK
    assert body_unsubscribe_link(found, f"{LINK}1") == LINK


def test_a_broken_declaration_hides_no_earlier_link() -> None:
    made = decoded(with_("content.1.value", f'<a href="{LINK}">x</a><![if gte mso 9]><![x<a href="https://later.example">'))
    assert Links(made).of(made.personalizations[0], with_text=False)[0].url == LINK
