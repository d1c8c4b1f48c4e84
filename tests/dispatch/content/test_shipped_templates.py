"""The shipped campaigns and templates compile in every language and variant."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from selectolax.lexbor import LexborHTMLParser

from include.core.campaign import Campaign
from include.core.campaign_fields import Variant
from include.core.campaign_file import campaign_names, load_campaign
from include.core.paths import CAMPAIGNS, TEMPLATES
from include.dispatch.content import PERSON_FIELDS, SAMPLE_PERSON, SlotFiller, compile_content, render_one
from tests.dispatch.content.conftest import LINKS, Compile, element

EVERY = [
    (load_campaign(name), variant, locale)
    for name in ("newsletter", "welcome", "winback")
    for variant in load_campaign(name).variants
    for locale in load_campaign(name).locales
]


CONFIRMATIONS = [(load_campaign(name), locale) for name in ("confirm", "confirm_reminder") for locale in ("en", "de", "fr")]


def test_the_shipped_campaigns() -> None:
    campaigns = {name: load_campaign(name) for name in campaign_names()}
    assert {name for name, one in campaigns.items() if one.kind == "confirmation"} == {"confirm", "confirm_reminder"}
    assert {name: one.occurrence for name, one in campaigns.items()} == {
        "newsletter": "week",
        "welcome": "signup",
        "winback": "month",
        "confirm": "each_signup",
        "confirm_reminder": "signup",
        "still_looking": "week",
        "summer_sale": "once",
        "vip_early_access": "month",
    }
    assert {str(one.segments) for one in campaigns.values()} == {
        "newsletter_readers", "new_subscribers", "lapsing_customers without new_subscribers", "awaiting_confirmation",
        "browse_abandoners without new_subscribers", "one_time_buyers",
        "big_spenders and points_collectors(points=1000) without lapsing_customers",
    }  # fmt: skip
    assert (len(campaigns["winback"].variants), campaigns["winback"].hold_out_percent) == (2, 10)
    assert all(
        one.sender.email == "news@shop.example.com" and one.locales == ("en", "de", "fr") for one in campaigns.values()
    )


@pytest.mark.parametrize("name", campaign_names())
def test_every_field_of_a_campaign_file_is_explained(name: str) -> None:
    text = (CAMPAIGNS / f"{name}.yaml").read_text()
    assert text.startswith("# ")
    top = [line for line in (CAMPAIGNS / "newsletter.yaml").read_text().splitlines() if line[:1].isalpha()]
    assert all("#" in line for line in top if not line.endswith(":") and not line.startswith(("purpose", "categories")))


@pytest.mark.parametrize(("campaign", "variant", "locale"), EVERY, ids=[f"{c.id}-{v.id}-{tag}" for c, v, tag in EVERY])
def test_shipped_templates_compile(campaign: Campaign, variant: Variant, locale: str) -> None:
    content = compile_content(TEMPLATES / campaign.template, campaign=campaign, variant=variant, locale=locale)
    known, unknown = render_one(content, SAMPLE_PERSON), render_one(content, LINKS)
    assert content.warnings == ()
    assert "{% personal %}" in {slot.expression for slot in content.slots}
    assert {"first_name", "unsubscribe_url", "preferences_url"} <= content.fields <= set(PERSON_FIELDS)
    assert "Ada" in known.html
    assert "Ada" in known.text
    for shown in (known, unknown):
        assert element(shown.html, "html").attributes["lang"] == locale
        assert campaign.postal_address in shown.text
        assert campaign.postal_address in shown.html
        assert not any(
            mark in shown.subject + shown.html + shown.text for mark in ("{{", "{%", "None", "\ue000", content.tag_core)
        )
        assert all(len(line) < 900 for line in shown.text.splitlines())


@pytest.mark.parametrize(("campaign", "locale"), CONFIRMATIONS, ids=[f"{c.id}-{tag}" for c, tag in CONFIRMATIONS])
def test_a_confirmation_contains_only_its_links(campaign: Campaign, locale: str) -> None:
    content = compile_content(TEMPLATES / campaign.template, campaign=campaign, variant=campaign.variants[0], locale=locale)
    assert content.warnings == ()
    assert content.fields == {"confirm_url", "unsubscribe_url"}
    shown = render_one(content, SAMPLE_PERSON)
    links = [link.attributes["href"] for link in LexborHTMLParser(shown.html).css("a")]
    assert links == [SAMPLE_PERSON["confirm_url"], SAMPLE_PERSON["unsubscribe_url"]]
    for link in (SAMPLE_PERSON["confirm_url"], SAMPLE_PERSON["unsubscribe_url"]):
        assert link in shown.text
    assert f" {campaign.confirm_within_days} " in shown.text
    assert element(shown.html, "html").attributes["lang"] == locale


@pytest.mark.parametrize("campaign", [load_campaign(name) for name in campaign_names()], ids=lambda c: c.id)
def test_locales_have_different_texts(campaign: Campaign) -> None:
    contents = [
        compile_content(TEMPLATES / campaign.template, campaign=campaign, variant=campaign.variants[-1], locale=locale)
        for locale in campaign.locales
    ]
    assert len({content.content_hash for content in contents}) == 3
    assert len({content.subject for content in contents}) == len({content.preheader for content in contents}) == 3


def test_people_without_purchases_can_be_rendered() -> None:
    for campaign, variant, locale in EVERY:
        content = compile_content(TEMPLATES / campaign.template, campaign=campaign, variant=variant, locale=locale)
        empty = {name: pa.nulls(2, PERSON_FIELDS[name]) for name in content.fields - set(LINKS)}
        links = {name: pa.array([LINKS[name]] * 2) for name in LINKS}
        assert all(array.null_count == 0 for array in SlotFiller(content).fill(pa.table(empty | links)))


@pytest.mark.parametrize(
    ("locale", "direction", "start"),
    [("ar", "rtl", "right"), ("he-IL", "rtl", "right"), ("fa", "rtl", "right"), ("de", "ltr", "left")],
)
def test_the_layout_mirrors_for_languages_that_are_written_from_right_to_left(
    compile_parts: Compile, tmp_path: Path, locale: str, direction: str, start: str
) -> None:
    shutil.copytree(TEMPLATES / "base", tmp_path / "base")
    shutil.copytree(TEMPLATES / "welcome" / "images", tmp_path / "letter" / "images")
    html = (TEMPLATES / "welcome" / "body.html.j2").read_text()
    content = compile_parts(files={"letter/body.html.j2": html}, locale=locale)
    assert element(content.html, "html").attributes["dir"] == direction
    for place in ("td.inside", "td.foot", "td.card", "td.note"):
        assert element(content.html, place).attributes["align"] == start
    other = "left" if start == "right" else "right"
    assert f'align="{other}"' not in content.html


def test_buttons_are_high_enough_for_thumbs_and_colours_have_a_dark_form() -> None:
    """44 pixels: WCAG 2.5.5. Every class of the layout with a colour has one for the dark scheme."""
    layout = (TEMPLATES / "base" / "layout.html.j2").read_text()
    light, _, dark = layout.partition("@media (prefers-color-scheme: dark)")
    padding, height = re.search(r"\.press a \{[^}]*padding: (\d+)px[^}]*line-height: (\d+)px", light).groups()  # type: ignore[union-attr]
    assert 2 * int(padding) + int(height) >= 44
    coloured = re.findall(r"^\.([a-z]+)(?: [.a-z]+)? \{[^}]*(?<!-)color:", light, re.MULTILINE)
    assert {name for name in coloured if f".{name}" not in dark} == set()
