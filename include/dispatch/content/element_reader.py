"""Follows the elements of an HTML template: which are open, and which tags close nothing."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from include.dispatch.content.html_reader import HtmlReader

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
"""Elements without content and without an end tag (HTML, 13.1.2)."""
OPTIONAL_END = frozenset(
    [
        "p",
        "li",
        "dt",
        "dd",
        "tr",
        "td",
        "th",
        "thead",
        "tbody",
        "tfoot",
        "colgroup",
        "caption",
        "option",
        "html",
        "head",
        "body",
    ]
)
"""Elements whose end tag HTML lets authors omit; mail programs repair it differently, so it is a warning."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a tag in a line; `is_certain`: HTML does not allow it."""

    line: int
    what: str
    remedy: str
    is_certain: bool = True


@dataclass
class Elements:
    """Problems that readers of one file share. `is_unsure`: the branches differ, so that nothing more can be said."""

    problems: list[Problem] = field(default_factory=list)
    is_unsure: bool = False

    def add(self, problem: Problem) -> None:
        """Record a problem, unless the template's branches open different elements."""
        if not self.is_unsure:
            self.problems.append(problem)


class ElementReader(HtmlReader):
    """An HTML reader that also knows the open elements, outermost first, with the lines of their tags."""

    def __init__(self, elements: Elements) -> None:
        super().__init__()
        self.elements = elements
        self.open: tuple[tuple[str, int], ...] = ()
        self.line = self.tag_line = 1

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.open)

    def position(self) -> tuple[str, tuple[str, ...]]:
        """What alternative branches must agree on."""
        return self.mode, self.names

    def copy(self) -> ElementReader:
        return copy.copy(self)

    def within(self, _block: str) -> ElementReader:
        """A reader at the same place, for the block of this name, which must close what it opens."""
        other = self.copy()
        other.open = ()
        return other

    def detached(self) -> ElementReader:
        """A reader for text that is printed elsewhere, such as that of a macro."""
        return ElementReader(self.elements)

    def _text(self, text: str, at: int) -> int:
        after = super()._text(text, at)
        if self.mode in ("tag", "comment"):
            self.tag_line = self.line + text.count("\n", 0, text.find("<", at))
        return after

    def _tag(self, text: str, at: int) -> int:
        if text[at] == ">":
            self._end_of_tag(is_closed=bool(at and text[at - 1] == "/"))
        elif text[at] == "<":
            self.elements.add(_endless(self.element, self.tag_line))
            self.mode = "text"
            return at
        return super()._tag(text, at)

    def _end_of_tag(self, *, is_closed: bool) -> None:
        name = self.element
        if name.startswith("/"):
            self._close(name[1:])
        elif name not in VOID and not is_closed:
            self.open = (*self.open, (name, self.tag_line))

    def _close(self, name: str) -> None:
        if name in VOID:
            return
        place = max((at for at, (opened, _) in enumerate(self.open) if opened == name), default=None)
        if place is None:
            what = f"</{name}> closes nothing."
            self.elements.add(
                Problem(self.tag_line, what, f"Remove it, or write <{name}> before it.", name not in OPTIONAL_END)
            )
            return
        self.report_open(self.open[place + 1 :])
        self.open = self.open[:place]

    def report_open(self, opened: tuple[tuple[str, int], ...]) -> None:
        """Report elements that are not closed."""
        for name, line in opened:
            remedy = f"Write </{name}> where it ends."
            self.elements.add(Problem(line, f"<{name}> is not closed.", remedy, name not in OPTIONAL_END))

    def finish(self) -> None:
        """Report what is open at the end of a file, block or macro."""
        if self.mode == "comment":
            self.elements.add(Problem(self.tag_line, "the comment is not closed.", "Write --> where it ends."))
        elif self.mode in ("tag", "value", "unquoted"):
            self.elements.add(_endless(self.element, self.tag_line))
        self.report_open(self.open)


def _endless(element: str, line: int) -> Problem:
    return Problem(line, f"the tag <{element}> does not end.", "Write > at its end, and close the quotes of its attributes.")
