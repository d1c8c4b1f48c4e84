"""The language of the pages: the mail's, with the shop's name and every text."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
import yaml

from include.core.errors import ConfigurationError
from include.core.paths import PROJECT, SHOP, DataPaths
from include.core.secrets import Secrets, load_secrets
from include.core.token import Subject, mint
from include.edge.language import load_texts
from tests.edge.conftest import Edge, Signer
from tests.edge.html import attribute, first, parse
from tests.edge.test_pages import confirm_link

EDGE = PROJECT / "include" / "edge"
UNSUBSCRIBE = {"en": "Unsubscribe", "de": "Abmelden", "fr": "Me désabonner"}
UNSUBSCRIBED = {"en": "You are unsubscribed", "de": "Sie sind abgemeldet", "fr": "Vous êtes désabonné"}
DAMAGED = {"en": "This link is damaged", "de": "Dieser Link ist beschädigt", "fr": "Ce lien est endommagé"}


@pytest.fixture
def subject() -> Subject:
    return Subject(str(uuid.uuid4()), uuid.uuid4().hex * 2)


def language(answer: httpx.Response) -> str | None:
    """The language of the page, which its element and the Content-Language header both name."""
    html = first(parse(answer), "html").attributes
    assert html["dir"] == "ltr"
    assert answer.headers["content-language"] == html["lang"]
    return html["lang"]


@pytest.mark.parametrize("locale", ["en", "de", "fr"])
def test_every_page_has_the_mails_language_and_the_shops_name(
    edge: Edge, secrets: Secrets, subject: Subject, locale: str
) -> None:
    token, query = mint(secrets, subject), f"?l={locale}"
    confirm = confirm_link(edge, secrets, subject)
    save = {"action": "save", "topic": ["news"], "stop_tracking": "yes"}
    answers = [
        httpx.get(f"{edge.url}/u/{token}{query}"),
        httpx.get(f"{edge.url}/preferences/{token}{query}"),
        httpx.post(f"{edge.url}/preferences/{token}{query}", data=save),
        httpx.post(f"{edge.url}/preferences/{token}{query}", data={"action": "nonsense"}),
        httpx.get(f"{confirm}{query}"),
        httpx.get(f"{confirm_link(edge, secrets, subject, days=-1)}{query}"),
        httpx.post(f"{confirm}{query}", data={"action": "confirm"}),
        httpx.get(f"{edge.url}/confirm/{token}{query}"),
        httpx.post(f"{edge.url}/u/{token}{query}", data={"List-Unsubscribe": "One-Click"}),
        httpx.post(f"{confirm}{query}", data={"action": "confirm"}),
        httpx.get(f"{edge.url}/u/{token[:40]}{query}"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 400, 200, 410, 200, 404, 200, 200, 404]
    titles = [first(parse(answer), "h1").text() for answer in answers]
    assert len(set(titles)) == 8
    for answer in answers:
        assert language(answer) == locale
        assert first(parse(answer), "header").text() == "Harbour Records"
        assert first(parse(answer), "title").text().endswith(" · Harbour Records")
    assert first(parse(answers[0]), "button").text() == UNSUBSCRIBE[locale]
    assert titles[8] == UNSUBSCRIBED[locale]
    assert titles[10] == DAMAGED[locale]
    assert (titles[3] == titles[9], titles[1] == titles[2]) == (True, True)
    labels = {"en": "News", "de": "Neuigkeiten", "fr": "Nouveautés"}
    assert labels[locale] in first(parse(answers[1]), "fieldset label span").text()


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        ("?l=de-AT", "fr", "de"),
        ("?l=xx", "fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("?l=", "es, de;q=0.5, fr;q=0.7", "fr"),
        ("", "de;q=0, en", "en"),
        ("", "de;q=nonsense, fr;q=0.1", "fr"),
        ("", "*", "en"),
        ("", "", "en"),
        ("?l=<script>", ",;q=,;;=;", "en"),
        ("?l=%00%ff", "de" * 9000, "en"),
    ],
)
def test_the_language_is_the_links_else_the_browsers_else_the_shops(
    edge: Edge, secrets: Secrets, subject: Subject, query: str, header: str, expected: str
) -> None:
    answer = httpx.get(f"{edge.url}/u/{mint(secrets, subject)}{query}", headers={"Accept-Language": header})
    if answer.status_code != 431:
        assert language(answer) == expected
        assert "<script" not in answer.text


def test_links_between_pages_keep_the_language(edge: Edge, secrets: Secrets, subject: Subject) -> None:
    start = f"{edge.url}/u/{mint(secrets, subject)}?l=fr"
    link = attribute(parse(httpx.get(start)), "a", "href")
    assert language(httpx.get(urljoin(start, link))) == "fr"
    bare = start.removesuffix("?l=fr")
    assert attribute(parse(httpx.get(bare)), "a", "href").endswith(mint(secrets, subject))


def test_the_shop_file_gives_the_name_and_the_default_language(
    start_edge: Callable[..., Edge], tmp_path: Path, signer: Signer, subject: Subject
) -> None:
    file, root = tmp_path / "shop.yaml", tmp_path / "data"
    text = SHOP.read_text().replace("name: Harbour Records", "name: Käthe & Söhne <i>").replace("locale: en", "locale: de")
    file.write_text(text)
    edge = start_edge(root, signer.public, TRADEWIND_SHOP=str(file))
    answer = httpx.get(f"{edge.url}/u/{mint(load_secrets(DataPaths(root)), subject)}")
    assert language(answer) == "de"
    assert "Käthe &amp; Söhne &lt;i&gt;" in answer.text
    damaged = parse(httpx.get(f"{edge.url}/u/nonsense?l=fr"))
    assert attribute(damaged, "a", "href") == "mailto:hello@shop.example.com?subject=D%C3%A9sabonnement"


def test_every_language_has_exactly_the_texts_that_the_pages_use() -> None:
    languages = load_texts()
    assert set(languages) == {"en", "de", "fr"}
    used = {
        key for page in (EDGE / "pages").glob("*.html") for key in re.findall(r'text\("([a-z_.]+)"[,)]', page.read_text())
    }
    used |= {f"{what}.{part}" for what in ("expired", "unreadable", "unavailable") for part in ("title", "text")}
    used |= {f"damaged.{way}{kind}" for way in ("write", "answer") for kind in ("", "_confirming")}
    for one in languages.values():
        assert set(one._texts) == used | {"direction"}
        assert all(text.strip() for text in one._texts.values())
    for other in ("de", "fr"):
        same = {key for key in used if languages[other]._texts[key] == languages["en"]._texts[key]}
        assert same == set(), f"{other} has the English text"


def test_a_language_with_a_missing_text_is_rejected(tmp_path: Path) -> None:
    for name in ("en", "de"):
        (tmp_path / f"{name}.yaml").write_text((EDGE / "texts" / f"{name}.yaml").read_text())
    german = yaml.safe_load((tmp_path / "de.yaml").read_text())
    del german["confirm"]["button"]
    (tmp_path / "de.yaml").write_text(yaml.safe_dump(german))
    with pytest.raises(ConfigurationError, match=r"confirm\.button is missing from de\.yaml or from en\.yaml"):
        load_texts(tmp_path)


def test_pages_are_accessible(edge: Edge, secrets: Secrets, subject: Subject) -> None:
    token = mint(secrets, subject)
    for path in (f"/u/{token}", f"/preferences/{token}", "/u/nonsense"):
        page = parse(httpx.get(f"{edge.url}{path}?l=de"))
        assert len(page.css("h1")) == len(page.css("main")) == 1
        assert not page.css("script")
        for field in page.css("input[type=checkbox]"):
            assert field.parent is not None
            assert field.parent.tag == "label"
            assert field.parent.text(strip=True)
        assert all(button.text(strip=True) for button in page.css("button"))
        assert all(first(group, "legend").text(strip=True) for group in page.css("fieldset"))
