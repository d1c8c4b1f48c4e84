"""Fixtures that compile a template folder with some parts replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from include.core.campaign import Campaign
from include.core.campaign_fields import Sender, Variant
from include.dispatch.content import Content, compile_content
from include.dispatch.content.products import ProductRows
from tests.campaign import a_campaign as spring

ADDRESS = "Harbour Records Ltd, 14 Quay Street, Bristol BS1 4QA"
HTML_START = '<!DOCTYPE html><html lang="en"><head></head><body>\n'
HTML_END = '\n<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p><p>{{ postal_address }}</p>\n</body></html>'
TEXT_END = "\n{{ postal_address }}\n{{ unsubscribe_url }}\n"
LINKS = {"unsubscribe_url": "https://mail.example.com/u/1", "preferences_url": "https://mail.example.com/p/1"}

Compile = Callable[..., Content]


def element(html: str, selector: str) -> LexborNode:
    """The first element that matches a CSS selector."""
    found = LexborHTMLParser(html).css_first(selector)
    assert found is not None, selector
    return found


def a_campaign(**changed: Any) -> Campaign:
    """The tests' campaign with its own template, sender and address."""
    sender = Sender(email="news@shop.example.com", name="Harbour Records")
    return spring(**({"id": "letter", "template": "letter", "sender": sender, "postal_address": ADDRESS} | changed))


@pytest.fixture
def compile_parts(tmp_path: Path) -> Compile:
    """Compiles a template from the given parts; omitted parts are plain and valid.

    `html` is inserted between the start of a document (one line) and a valid end, so it starts at line 2 of body.html.j2.
    With `html=None` or `text=None` the template lacks that part.
    """

    def compiled(
        html: str | None = "<p>Hello</p>",
        *,
        text: str | None = "Hello",
        subject: str = "Three records",
        preheader: str = "A look inside",
        files: dict[str, str] | None = None,
        locale: str = "en",
        variant: Variant | None = None,
        tag_prefix: str | None = None,
        products: ProductRows | None = None,
        **campaign: Any,
    ) -> Content:
        parts = {
            **({} if html is None else {"letter/body.html.j2": HTML_START + html + HTML_END}),
            **({} if text is None else {"letter/body.txt.j2": text + TEXT_END}),
            "letter/subject.txt.j2": subject,
            "letter/preheader.txt.j2": preheader,
        }
        (tmp_path / "letter/body.txt.j2").unlink(missing_ok=True)
        for name, source in (parts | (files or {})).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(source, encoding="utf-8")
        chosen = variant or Variant(id="only")
        return compile_content(
            tmp_path / "letter", campaign=a_campaign(**campaign), variant=chosen, locale=locale, tag_prefix=tag_prefix,
            products=products,
        )  # fmt: skip

    return compiled
