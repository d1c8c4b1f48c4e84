"""Where in a document a value stands, since that decides how it is escaped."""

from __future__ import annotations

from typing import Any

HTML, ATTRIBUTE, TEXT, HEADER = "html", "attribute", "text", "header"
URL_WHOLE, URL_PART = "url_whole", "url_part"


class Misplaced(Exception):
    """A person's value cannot be made safe here."""


class PlainReader:
    """The same questions for a plain-text file: every place is alike."""

    def __init__(self, place: str) -> None:
        self._place = place

    def copy(self) -> PlainReader:
        return self

    def joined(self, _others: list[Any]) -> PlainReader:
        return self

    def comes_back_to(self, _begin: Any) -> bool:
        return True

    turns_alike = comes_back_to

    def feed(self, text: str) -> None:
        """Nothing to learn from plain text."""

    def value_here(self) -> None:
        """Nothing to remember."""

    def place(self) -> str:
        return self._place
