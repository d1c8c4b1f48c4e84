"""UTM parameters: on links to the shop's own sites, once, and nowhere else."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path

import pyarrow as pa
import pytest

from include.core.campaign import Campaign
from include.core.campaign_fields import Variant
from include.core.paths import PROJECT
from include.core.shop import Utm
from include.dispatch.content import Content, SlotFiller, compile_content, render_one, utm
from tests.campaign import a_campaign
from tests.dispatch.content.conftest import LINKS, Compile, element

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


PAGE = "{{ person.attributes.page }}"
PAGE_TEXT = f"Look: {PAGE}\nHello {{{{ person.attributes.page }}}}/more"
SPRING = "utm_source=newsletter&utm_medium=email&utm_campaign=spring"


def mailed(content: Content, page: str) -> tuple[str, str]:
    """The address of the first link, as a browser reads it, and the text, of somebody with that page."""
    own = dict.fromkeys(LINKS, "https://mail.shop.example.com/u/abc123token")
    mail = render_one(content, {"attributes": json.dumps({"page": page}), **own})
    assert SPRING not in (element(mail.html, "a[clicktracking]").attributes["href"] or "")
    return element(mail.html, "a").attributes["href"] or "", mail.text


@pytest.mark.parametrize(
    ("page", "tagged"),
    [
        ("https://shop.example.com/p", f"https://shop.example.com/p?{SPRING}"),
        ("https://shop.example.com/p?a=1&b=2#reviews", f"https://shop.example.com/p?a=1&b=2&{SPRING}#reviews"),
        ("https://shop.example.com/o'neill?x=1&#top", f"https://shop.example.com/o'neill?x=1&&{SPRING}#top"),
        ("https://shop.example.com/p?utm_source=own", "https://shop.example.com/p?utm_source=own"),
        ("https://other.example.com/p", "https://other.example.com/p"),
        ("https://shop.example.com.evil.example/", "https://shop.example.com.evil.example/"),
    ],
)
@pytest.mark.parametrize(
    "link",
    [PAGE, f" {PAGE}\n", f"{{% personal %}}{{% if person.attributes.page %}}{PAGE}{{% endif %}}{{% endpersonal %}}"],
    ids=["value", "with spaces", "block"],
)
@pytest.mark.parametrize("text", [None, PAGE_TEXT], ids=["derived", "written"])
def test_a_link_that_is_wholly_a_persons_value_has_them(
    compile_parts: Compile, link: str, text: str | None, page: str, tagged: str
) -> None:
    """Its own query and fragment are kept, and it gets none twice; what is written onto a value stays as it is."""
    content = compile_parts(f'<p><a href="{link}">Look</a> <a href="{PAGE}/more">More</a></p>', text=text, id="spring")
    href, printed = mailed(content, page)
    assert href == tagged
    if text is None or "personal" not in link:
        assert f"{tagged}>" in printed if text is None else f"Look: {tagged}\n" in printed
    assert f"{page}/more" in printed
    assert printed.count(SPRING) == href.count(SPRING) * (text is None or "personal" not in link)


def test_a_value_that_is_no_link_elsewhere_and_a_persons_own_link_stay_as_they_are(compile_parts: Compile) -> None:
    """Even where the edge is a subdomain of the shop, and a block decides between the own link and another."""
    block = f"{{% personal %}}{{% if person.purchases > 1 %}}{PAGE}{{% else %}}{{{{ preferences_url }}}}{{% endif %}}"
    html = f'<p><a href="{{{{ preferences_url }}}}">Choose</a> {PAGE} <a href="{block}{{% endpersonal %}}">x</a></p>'
    content = compile_parts(html, text=PAGE_TEXT, id="spring")
    own = dict.fromkeys(LINKS, "https://mail.shop.example.com/u/abc123token")
    page = json.dumps({"page": "https://shop.example.com/p"})
    for purchases in (1, 2):
        mail = render_one(content, {"attributes": page, "purchases": purchases, **own})
        assert "utm_" not in mail.html + mail.text


def test_the_address_of_a_product_keeps_its_apostrophe(compile_parts: Compile) -> None:
    """In markup it is `&#39;`, whose `#` begins no fragment."""
    href = "https://shop.example.com/o&#39;neill"
    html = f'<p>{{% personal %}}<a href="{PAGE}">A</a>{{% endpersonal %}} <a href="{href}">B</a></p>'
    content = compile_parts(html, text=None, id="spring")
    mail = render_one(content, {"attributes": json.dumps({"page": "https://shop.example.com/o'neill"}), **LINKS})
    assert unescape(mail.html).count(f'href="https://shop.example.com/o\'neill?{SPRING}"') == 2


def test_many_different_links_have_them_too(compile_parts: Compile) -> None:
    """The fast path, which leaves plain values as they are, does not apply to links."""
    content = compile_parts('<p><a href="{{ person.subscriber_id }}">Look</a></p>', id="spring")
    rows = [f"https://shop.example.com/p{number}" for number in range(1_000)]
    people = pa.table({"subscriber_id": rows, **{name: [link] * 1_000 for name, link in LINKS.items()}})
    filled = SlotFiller(content).fill(people)
    assert {f"{row}?{SPRING.replace('&', '&amp;')}" for row in rows} in [set(column.to_pylist()) for column in filled]


def test_without_a_rule_nothing_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = (PROJECT / "include" / "shop.yaml").read_text().partition("\nutm:")[0]
    (tmp_path / "shop.yaml").write_text(shop)
    monkeypatch.setenv("TRADEWIND_SHOP", str(tmp_path / "shop.yaml"))
    campaign = a_campaign(id="newsletter", template="newsletter")
    content = compile_content(
        PROJECT / "include" / "templates" / "newsletter", campaign=campaign, variant=Variant(id="only"), locale="en"
    )
    assert "utm_" not in content.html + content.text
