"""The escaping contexts: where in a document a value is printed determines how it is escaped."""

from __future__ import annotations

from typing import Any

HTML, ATTRIBUTE, TEXT, HEADER = "html", "attribute", "text", "header"
URL_WHOLE, URL_PART = "url_whole", "url_part"


class UnsafeContext(Exception):
    """A person's value cannot be escaped safely in this context."""


class PlainReader:
    """The reader interface for text files, which have one context throughout."""

    def __init__(self, context: str) -> None:
        self._context = context

    def copy(self) -> PlainReader:
        return self

    def merged(self, _others: list[Any]) -> PlainReader:
        return self

    def returns_to(self, _begin: Any) -> bool:
        return True

    is_loop_stable = returns_to

    def feed(self, text: str) -> None:
        """Text does not change the context."""

    def insert_value(self) -> None:
        """A value does not change the context."""

    def context(self) -> str:
        return self._context
