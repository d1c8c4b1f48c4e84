"""Click tracking is disabled on the person's own links, however they are written, and on no other link."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from include.core.campaign import Campaign
from include.core.campaign_fields import Variant
from include.core.paths import TEMPLATES
from include.dispatch.content import compile_content, render_one
from include.dispatch.content.fields import PERSON_LINKS
from tests.dispatch.content.conftest import LINKS, Compile
from tests.dispatch.content.test_shipped_templates import EVERY

SHOP = '<a class="x" href="https://shop.example/new?name={{ person.first_name | default("") }}">new</a>'
ADDED = {
    "plain": '<a href="{{ preferences_url }}">x</a>',
    "with the person": '<a class="b" href="{{ person.preferences_url }}" title="y">x</a>',
    "single quotes and capitals": "<A HREF = '{{ preferences_url }}'>x</A>",
    "a query behind it": '<a href="{{ preferences_url }}?from=mail">x</a>',
    "through a filter": '<a href="{{ preferences_url | trim }}">x</a>',
    "an area": '<map name="m"><area href="{{ preferences_url }}" alt="x"></map>',
    "over several lines": '<a\n  href="{{ preferences_url }}"\n>x</a>',
    "tracking asked for": '<a clicktracking="on" href="{{ preferences_url }}">x</a>',
    "a quoted >": '<a title="a > b" href="{{ preferences_url }}">x</a>',
    "in a block": '<p>{% personal %}{% if 1 %}<a href="{{ preferences_url }}">x</a>{% endif %}{% endpersonal %}</p>',
    "a block as the link": '<a href="{% personal %}{{ preferences_url }}{% endpersonal %}">x</a>',
    "by a macro": '{% macro go(to) %}<a href="{{ to }}">x</a>{% endmacro %}{{ go(preferences_url) }}',
}


def off(html: str) -> dict[str, bool]:
    """For every anchor's href, whether it is preceded by `clicktracking=off` as SendGrid's documentation requires."""
    anchors = LexborHTMLParser(html).css("a[href], area[href]")
    return {
        str(one.attributes["href"]): next(iter(one.attributes)) == "clicktracking"
        and one.attributes["clicktracking"] == "off"
        for one in anchors
    }


@pytest.mark.parametrize("way", ADDED)
def test_own_links_are_untracked_and_shop_links_are_tracked(compile_parts: Compile, way: str) -> None:
    person = {"first_name": "Ada", "purchases": 1, **LINKS}
    found = off(render_one(compile_parts(ADDED[way] + SHOP), person).html)
    shop = {href: tracked for href, tracked in found.items() if "shop.example" in href}
    assert list(shop.values()) == [False]
    assert len(found) == 3
    assert {tracked for href, tracked in found.items() if href not in shop} == {True}


@pytest.mark.parametrize(("campaign", "variant", "locale"), EVERY, ids=[f"{c.id}-{v.id}-{tag}" for c, v, tag in EVERY])
def test_shipped_templates_do_not_track_own_links(campaign: Campaign, variant: Variant, locale: str) -> None:
    content = compile_content(TEMPLATES / campaign.template, campaign=campaign, variant=variant, locale=locale)
    own = {name: f"https://mail.example/{name}/token" for name in PERSON_LINKS & content.fields}
    found = off(render_one(content, own).html)
    assert {href: tracked for href, tracked in found.items() if tracked} == dict.fromkeys(own.values(), True)
