"""Where in a document a value stands, since that decides how it is escaped."""

from __future__ import annotations

from typing import Any

HTML, ATTRIBUTE, TEXT, HEADER = "html", "attribute", "text", "header"
URL_WHOLE, URL_PART = "url_whole", "url_part"


class UnsafeContext(Exception):
    """A person's value cannot be made safe here."""


class PlainReader:
    """The same questions for a plain-text file: every place is alike."""

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
        """Nothing to learn from plain text."""

    def insert_value(self) -> None:
        """Nothing to remember."""

    def context(self) -> str:
        return self._context
