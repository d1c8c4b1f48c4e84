"""Rendering: substitutions and links."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.api.decoding import decode
from simulator.api.payload import Mail
from simulator.recipients.render import Link, Links, _Anchors, body_unsubscribe_link, one_click, render, unsubscribe_link
from simulator.recipients.timeline import Click, TimelineEntry
from simulator.webhook.events import Message, event_of
from tests.simulator.mail_bodies import LINK, mail, with_


def decoded(body: dict[str, Any]) -> Mail:
    found = decode(json.dumps(body).encode())
    assert isinstance(found, Mail)
    return found


pieces = st.sampled_from(
    ["a", "https://x.example/", "?q=1", "&amp;", "&", '"', "'", "<a href='https://y.example'>", ">", " "]
)
values = st.lists(pieces, max_size=4).map("".join)


@given(values, values)
def test_cached_anchors_equal_those_of_the_rendered_html(one: str, two: str) -> None:
    html = (
        '<a href="[one]">1</a> [two] <a href="https://shop.example/?a=1&amp;b=[one]">2</a>'
        '<a clicktracking=off href="[two]">3</a>'
    )
    made = decoded(with_("personalizations.0.substitutions", {"[one]": one, "[two]": two}, with_("content.1.value", html)))
    person = made.personalizations[0]
    anchors = [one for one in _Anchors(render(made, person).html).found if one.href.startswith("http")]
    assert [(link.url, link.rewritable) for link in Links(made).of(person, with_text=False)] == anchors


def test_links_are_counted_within_their_part() -> None:
    made = decoded(mail())
    assert Links(made).of(made.personalizations[0], with_text=True) == [
        Link("https://shop.example/new", 0, "html"),
        Link(f"{LINK}0", 1, "html"),
        Link(f"{LINK}0", 0, "text"),
    ]


@pytest.mark.parametrize(
    ("anchor", "clicked"),
    [
        ('<a clicktracking=off href="{}">', False),
        ('<a class="x" clicktracking="off" href="{}">', False),
        ('<a href="{}" clicktracking=off>', True),
        ('<a clicktracking=on href="{}">', True),
        ('<a clicktracking=off clicktracking=on href="{}">', False),
    ],
)
def test_clicktracking_off_before_the_href_disables_click_tracking(anchor: str, clicked: bool) -> None:
    """The link has no click event; people still find it in the mail."""
    made = decoded(with_("content.1.value", f"{anchor.format('[[leave]]')}Leave</a>"))
    person = made.personalizations[0]
    message = Message(1, "x", 0, made, person, Links(made))
    event = event_of(message, TimelineEntry(1.0, "click", Click(0.0, "Mozilla", machine=False)), 0, 1_790_000_000)
    assert (event["url"] if event else None) == (f"{LINK}0" if clicked else None)
    assert body_unsubscribe_link(message.links.of(person, with_text=False), f"{LINK}1") == f"{LINK}0"


def test_the_text_part_is_rewritten_only_with_enable_text() -> None:
    text_only = decoded(with_("content", mail()["content"][:1]))
    message = Message(1, "x", 0, text_only, text_only.personalizations[0], Links(text_only))
    click = TimelineEntry(1.0, "click", Click(0.0, "Mozilla", machine=False))
    assert event_of(message, click, 0, 1_790_000_000) is None


def test_unsubscribe_links_are_found() -> None:
    made = decoded(mail())
    person = made.personalizations[0]
    header = unsubscribe_link(person, made)
    assert header == f"{LINK}0"
    assert one_click(person, made)
    assert body_unsubscribe_link(Links(made).of(person, with_text=False), header) == f"{LINK}0"


def test_longer_tags_are_replaced_first() -> None:
    made = decoded(with_("personalizations.0.substitutions", {"-n": "short", "-name": "long"}, with_("subject", "-n -name")))
    assert render(made, made.personalizations[0]).subject == "short long"


def test_sections_may_contain_tags() -> None:
    body = mail(subject="-s-", sections={"-s-": "for [[name]]"})
    made = decoded(body)
    assert render(made, made.personalizations[0]).subject == "for Name 0"


@given(
    st.text(st.sampled_from("<>!-[]/?='\"a hrefcdt:&;#x0"), max_size=60),
    st.text(st.sampled_from("htps:/[]@?#%a."), max_size=20),
)
def test_links_are_found_in_malformed_html(html: str, link: str) -> None:
    made = decoded(with_("content.1.value", f'<a href="{LINK}">x</a>{html}<a href="https://{link}">y</a>'))
    person = made.personalizations[0]
    found = Links(made).of(person, with_text=True)
    assert found[0].url == LINK
    assert body_unsubscribe_link(found, f"{LINK}1") == LINK


def test_links_before_a_malformed_declaration_are_found() -> None:
    made = decoded(with_("content.1.value", f'<a href="{LINK}">x</a><![if gte mso 9]><![x<a href="https://later.example">'))
    assert Links(made).of(made.personalizations[0], with_text=False)[0].url == LINK
