"""A small HTML reader that determines the escaping context after the text that was fed to it.

It tracks text, tags, quoted attribute values, comments, raw text and the parts of tables. It is used three times: on the
template source for the expressions inside a `{% personal %}` block, on the rendered HTML for content that a parser would
move, and on the final HTML for slots. If the context is not certain, it raises `UnsafeContext`.
"""

from __future__ import annotations

import copy
import html
import re

from include.dispatch.content.escaping_context import ATTRIBUTE, HTML, URL_PART, URL_WHOLE, PlainReader, UnsafeContext

URL_ATTRIBUTES = frozenset(
    ["href", "src", "action", "background", "cite", "formaction", "poster", "data", "longdesc", "xlink:href"]
)
_FORBIDDEN_ATTRIBUTES = frozenset(["style", "srcdoc", "srcset", "id", "class", "name", "http-equiv", "ping"])
_FORBIDDEN_ELEMENTS = frozenset(
    ["script", "style", "meta", "base", "link", "iframe", "object", "embed", "form", "svg", "math"]
)
_RAW = frozenset(["script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext"])
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
ATTRIBUTE_NAME = re.compile(r"([^\s=>/\"'][^\s=>/]*)(\s*=\s*)?")
"""The name of an attribute, and the sign after it."""
_VALUE = "\ue000"
_TABLE_PARTS = {"table": 0, "thead": 1, "tbody": 1, "tfoot": 1, "caption": 1, "tr": 2, "td": 3, "th": 3}
_CELLS = frozenset({"td", "th", "caption"})


class HtmlReader:
    """The state after the text fed so far."""

    def __init__(self) -> None:
        self.mode, self.element, self.attribute, self.quote, self.value = "text", "", "", "", ""
        self.tables: tuple[str, ...] = ()
        self.ambiguous = self.value_ambiguous = False

    def copy(self) -> HtmlReader:
        return copy.copy(self)

    def merged(self, others: list[Reader]) -> HtmlReader:
        """The state after alternative branches; ambiguous where they differ."""
        for other in others:
            assert isinstance(other, HtmlReader)
            if (self.mode, self._inside()) != (other.mode, other._inside()) or other.ambiguous:
                self.ambiguous = True
            if self.tables != other.tables:
                self.tables = ()
            self.value_ambiguous = (
                self.value_ambiguous or other.value_ambiguous or (self.mode == "value" and self._start() != other._start())
            )
        return self

    def returns_to(self, begin: Reader) -> bool:
        """Whether the text read since `begin` closed everything that it opened."""
        assert isinstance(begin, HtmlReader)
        return not self.ambiguous and (self.mode, self._inside()) == (begin.mode, begin._inside())

    def is_loop_stable(self, begin: Reader) -> bool:
        """Whether a second iteration of a loop would start in the same context as the first one at `begin`."""
        assert isinstance(begin, HtmlReader)
        return self.returns_to(begin) and (self.mode != "value" or self._start() == begin._start())

    def _inside(self) -> tuple[str, ...]:
        """Identifies a position inside a tag."""
        return () if self.mode == "text" else (self.element, self.attribute if self.mode == "value" else "")

    def _start(self) -> str:
        """The context after the start of a link, or the reason why there is none."""
        try:
            return self._url_context()
        except UnsafeContext as refused:
            return str(refused)

    def feed(self, text: str) -> None:
        """Read text of the template's author."""
        at = 0
        while at < len(text):
            at = getattr(self, f"_{self.mode}")(text, at)

    def insert_value(self) -> None:
        """Insert a value; the text after it is no longer the start of a URL."""
        if self.mode == "value":
            self.value += _VALUE

    def context(self) -> str:
        """The escaping context of a value at this position. Raises `UnsafeContext`."""
        if self.ambiguous or (self.value_ambiguous and self.attribute in URL_ATTRIBUTES):
            raise UnsafeContext("The branches or loop iterations before this end at different positions of the HTML.")
        if self.mode == "text":
            if self.tables and self.tables[-1] not in _CELLS:
                raise UnsafeContext(
                    "A person's value cannot be printed between the rows or cells of a table: put it into a cell."
                )
            return HTML
        if self.mode != "value":
            raise UnsafeContext(_REASONS.get(self.mode, "A person's value cannot be printed inside a tag."))
        if self.element in _FORBIDDEN_ELEMENTS or self.attribute in _FORBIDDEN_ATTRIBUTES or self.attribute.startswith("on"):
            raise UnsafeContext(f"A person's value cannot be printed in {self.attribute} of <{self.element}>.")
        return self._url_context() if self.attribute in URL_ATTRIBUTES else ATTRIBUTE

    def _url_context(self) -> str:
        before = html.unescape(self.value).strip()
        if not before:
            return URL_WHOLE
        if before.startswith(_VALUE) or re.match(r"https?://[^/?#]+[/?#]|mailto:", before, re.IGNORECASE):
            return URL_PART
        raise UnsafeContext("A person's value cannot determine the host or scheme of a link: write https://host/ before it.")

    def _text(self, text: str, at: int) -> int:
        start = text.find("<", at)
        if start < 0:
            return len(text)
        if text.startswith("<!--", start):
            self.mode = "comment"
            return start + 4
        if match := _TAG.match(text, start):
            self.mode, self.element = "tag", ("/" if match[1] else "") + match[2].lower()
            self.tables = _tables_after(self.tables, match[2].lower(), closing=bool(match[1]))
            return match.end()
        self.mode = "bogus" if text[start + 1 : start + 2] in {"!", "?", "/", ""} else "text"
        return start + 1

    def _comment(self, text: str, at: int) -> int:
        return self._until(text, at, "-->")

    def _bogus(self, text: str, at: int) -> int:
        return self._until(text, at, ">")

    def _until(self, text: str, at: int, end: str) -> int:
        stop = text.find(end, at)
        if stop < 0:
            return len(text)
        self.mode = "text"
        return stop + len(end)

    def _raw(self, text: str, at: int) -> int:
        match = re.compile(rf"</{re.escape(self.element)}(?=[\s/>])", re.IGNORECASE).search(text, at)
        if not match:
            return len(text)
        self.mode, self.element = "tag", f"/{self.element}"
        return match.end()

    def _tag(self, text: str, at: int) -> int:
        if text[at] == ">":
            self.mode = "raw" if self.element in _RAW else "text"
            return at + 1
        match = ATTRIBUTE_NAME.match(text, at)
        if not match:
            return at + 1
        self.attribute = match[1].lower()
        return self._start_value(text, match.end()) if match[2] else match.end()

    def _start_value(self, text: str, at: int) -> int:
        if text[at : at + 1] in {'"', "'"}:
            self.mode, self.quote, self.value = "value", text[at], ""
            return at + 1
        self.mode = "unquoted"
        return at

    def _unquoted(self, text: str, at: int) -> int:
        match = re.compile(r"[\s>]").search(text, at)
        if not match:
            return len(text)
        self.mode = "tag"
        return match.start()

    def _value(self, text: str, at: int) -> int:
        stop = text.find(self.quote, at)
        self.value += text[at : stop if stop >= 0 else len(text)]
        if stop < 0:
            return len(text)
        self.mode, self.value_ambiguous = "tag", False
        return stop + 1


def _tables_after(tables: tuple[str, ...], name: str, *, closing: bool) -> tuple[str, ...]:
    """The open table elements after a tag, innermost last."""
    if name not in _TABLE_PARTS:
        return tables
    if closing:
        last = max((position for position, part in enumerate(tables) if part == name), default=len(tables))
        return tables[:last]
    inside = tables
    while inside and _TABLE_PARTS[inside[-1]] >= _TABLE_PARTS[name] > 0:
        inside = inside[:-1]
    return (*inside, name)


_REASONS = {
    "comment": "A person's value cannot be printed inside a comment.",
    "raw": "A person's value cannot be printed inside script or style.",
    "unquoted": "A person's value cannot be printed in an attribute without quotes: put quotes around it.",
    "bogus": "A person's value cannot be printed in a tag's name.",
}


Reader = HtmlReader | PlainReader
