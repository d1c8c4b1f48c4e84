"""UTM parameters: on links to the shop's own sites, once, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.campaign import Campaign
from include.core.campaign_fields import Variant
from include.core.paths import PROJECT
from include.core.shop import Utm
from include.dispatch.content import compile_content, render_one, utm
from tests.campaign import a_campaign
from tests.dispatch.content.conftest import LINKS, Compile

RULE = Utm(sites=("shop.example.com",), source="letter & more")
QUERY = "utm_source=letter%20%26%20more&utm_medium=email&utm_campaign=spring"
TAGGING = utm.Tagging(RULE, QUERY)


def html(link: str) -> str:
    return TAGGING.in_html(f'<p><a class="x" href="{link}">Look</a></p>')


@pytest.mark.parametrize(
    ("link", "tagged"),
    [
        ("https://shop.example.com", f"https://shop.example.com?{QUERY}"),
        ("https://shop.example.com/a?b=1", f"https://shop.example.com/a?b=1&{QUERY}"),
        ("https://www.SHOP.example.com/a#part", f"https://www.SHOP.example.com/a?{QUERY}#part"),
        ("https://shop.example.com/\ue0003\ue001", f"https://shop.example.com/\ue0003\ue001?{QUERY}"),
    ],
)
def test_own_sites_get_the_parameters(link: str, tagged: str) -> None:
    assert html(link) == f'<p><a class="x" href="{tagged.replace("&", "&amp;")}">Look</a></p>'
    assert TAGGING.in_text(f"Look: {link} now") == f"Look: {tagged} now"


@pytest.mark.parametrize(
    "link",
    [
        "https://other.example.com/",
        "https://shop.example.com.evil.example/",
        "https://notshop.example.com/",
        "mailto:hello@shop.example.com",
        "https://shop.example.com/?utm_source=own",
        "\ue0000\ue001",
        "https://\ue0000\ue001/shop.example.com",
        "https://[bad",
    ],
)
def test_other_links_are_left_as_they_are(link: str) -> None:
    assert QUERY not in TAGGING.in_text(link)
    assert html(link) == f'<p><a class="x" href="{link}">Look</a></p>'


def test_sentence_marks_after_a_url_are_not_part_of_it() -> None:
    assert TAGGING.in_text("See https://shop.example.com/a.") == f"See https://shop.example.com/a?{QUERY}."


def test_the_variant_is_named_in_an_experiment_only() -> None:
    assert utm.parameters(RULE, a_campaign(), Variant(id="only")) == QUERY
    two = a_campaign(variants=(Variant(id="a"), Variant(id="b")))
    assert utm.parameters(RULE, two, Variant(id="b")) == f"{QUERY}&utm_content=b"


def test_the_shipped_newsletter_has_them_on_each_link_to_the_shop() -> None:
    campaign: Campaign = a_campaign(id="newsletter", template="newsletter")
    content = compile_content(
        PROJECT / "include" / "templates" / "newsletter", campaign=campaign, variant=Variant(id="only"), locale="en"
    )
    links = content.html.count("https://shop.example.com/")
    assert links >= 4
    assert content.html.count("utm_source=newsletter&amp;utm_medium=email&amp;utm_campaign=newsletter") == links
    assert content.text.count("utm_campaign=newsletter") == content.text.count("https://shop.example.com/")


PERSONAL = """{% personal %}{% if person.purchases > 1 %}
<a href="https://shop.example.com/again?name={{ person.first_name | default("") }}">Again</a>
{% endif %} <a href="{{ unsubscribe_url }}">Leave</a> <a href="https://other.example/">Others</a>{% endpersonal %}"""


@pytest.mark.parametrize("text", [None, PERSONAL.replace('<a href="', "").replace('">', " ")])
def test_links_in_personal_blocks_have_them_too(compile_parts: Compile, text: str | None) -> None:
    """A person's own link has none, even where the edge is a subdomain of the shop."""
    own = dict.fromkeys(LINKS, "https://mail.shop.example.com/u/abc123token")
    content = compile_parts(f"<p>{PERSONAL}</p>", text=text, id="spring")
    mail = render_one(content, {"first_name": "Ada", "purchases": 2, **own})
    query = "utm_source=newsletter&utm_medium=email&utm_campaign=spring"
    assert f'href="https://shop.example.com/again?name=Ada&amp;{query.replace("&", "&amp;")}"' in mail.html
    assert f"https://shop.example.com/again?name=Ada&{query}" in mail.text
    assert mail.html.count("utm_source") == mail.text.count("utm_source") == 1
    assert f'href="{own["unsubscribe_url"]}"' in mail.html
    assert own["unsubscribe_url"] in mail.text


def test_without_a_rule_nothing_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = (PROJECT / "include" / "shop.yaml").read_text().partition("\nutm:")[0]
    (tmp_path / "shop.yaml").write_text(shop)
    monkeypatch.setenv("TRADEWIND_SHOP", str(tmp_path / "shop.yaml"))
    campaign = a_campaign(id="newsletter", template="newsletter")
    content = compile_content(
        PROJECT / "include" / "templates" / "newsletter", campaign=campaign, variant=Variant(id="only"), locale="en"
    )
    assert "utm_" not in content.html + content.text
