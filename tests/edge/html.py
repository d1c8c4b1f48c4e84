"""Reads the HTML of the edge's pages."""

from __future__ import annotations

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode


def parse(answer: httpx.Response) -> LexborHTMLParser:
    return LexborHTMLParser(answer.text)


def first(page: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    """The first element that matches; there must be one."""
    found = page.css_first(selector)
    assert found is not None, selector
    return found


def attribute(page: LexborHTMLParser, selector: str, name: str) -> str:
    """An attribute of the first element that matches; it must have a value."""
    value = first(page, selector).attributes[name]
    assert value is not None, (selector, name)
    return value
