"""Reads the elements and attributes of a template in MJML, and finds those that MJML does not have or not there.

MRML prints an element that is unknown or in the wrong place as it stands, and drops an unknown attribute.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from include.core.suggestion import did_you_mean, suggest
from include.dispatch.content.element_reader import ElementReader, Elements, Problem
from include.dispatch.content.html_reader import ATTRIBUTE_NAME
from include.dispatch.content.mjml_elements import WITHOUT_EFFECT, Element, known_elements, parents

_NAME = re.compile(r"</?(mj[^\s/>]*)", re.IGNORECASE)
_REMEDIES = {"mj-include": 'Write {% include "folder/name.mjml.j2" %}.'}
_SEE = "See https://documentation.mjml.io."


@dataclass
class Inspection:
    """What readers of one file share: what they found, and in which element each block stands; None if that is unknown."""

    problems: list[Problem] = field(default_factory=list)
    blocks: dict[str, str | None] = field(default_factory=dict)


class MjmlReader(ElementReader):
    """A reader that also knows the elements of MJML.

    `layout` has the element in which the layout has each block; `is_placed` is false for a file whose parts open what others
    close: then only attributes and the names of elements are checked.
    """

    def __init__(self, found: Inspection, layout: Mapping[str, str | None], *, is_placed: bool) -> None:
        super().__init__(Elements(is_unsure=not is_placed))
        self.found, self.layout = found, layout
        self.inside: str | None = None

    def within(self, block: str) -> ElementReader:
        """A reader for a block: in the element that is open here, or in which the layout has it."""
        other = super().within(block)
        assert isinstance(other, MjmlReader)
        other.inside = self._parent() or self.layout.get(block)
        self.found.blocks[block] = other.inside
        return other

    def detached(self) -> ElementReader:
        """A reader for text that may be printed in any element."""
        return MjmlReader(self.found, {}, is_placed=not self.elements.is_unsure)

    def _parent(self) -> str | None:
        """The innermost open element of MJML; None if it is unknown."""
        open_here = [name for name in self.names if name.startswith("mj")]
        name = open_here[-1] if open_here else self.inside
        return name if name in known_elements() else None

    def _container(self) -> str | None:
        """The element at this place if only elements of MJML can stand in it."""
        innermost = self.names[-1] if self.open else self.inside
        element = known_elements().get(innermost) if innermost else None
        return innermost if element and not element.is_ending else None

    def _text(self, text: str, at: int) -> int:
        container = self._container()
        after = super()._text(text, at)
        begin = text.find("<", at)
        plain = text[at : begin if begin >= 0 else len(text)]
        if container and plain.strip():
            self._misplaced("text", container, self.line + text.count("\n", 0, at + len(plain) - len(plain.lstrip())))
        if self.mode == "tag" and not self.element.startswith("/"):
            self._check_element(text, begin, container)
        return after

    def _check_element(self, text: str, at: int, container: str | None) -> None:
        written = _NAME.match(text, at)
        parent = self._parent()
        if written is None:
            if container:
                self._misplaced(f"<{self.element}>", container, self.tag_line)
        elif written[1] not in known_elements():
            remedy = _REMEDIES.get(written[1]) or did_you_mean(written[1], known_elements()) or _SEE
            self.found.problems.append(Problem(self.tag_line, f"MJML has no <{written[1]}>.", remedy))
        elif parent and written[1] not in known_elements()[parent].children and not self.elements.is_unsure:
            what = f"<{written[1]}> cannot stand in <{parent}>."
            self.found.problems.append(Problem(self.tag_line, what, _move(written[1])))

    def _misplaced(self, what: str, container: str, line: int) -> None:
        """Text or HTML where only elements of MJML can stand."""
        if not self.elements.is_unsure:
            texts = [name for name in sorted(known_elements()[container].children) if known_elements()[name].is_ending]
            remedy = f"Put it into {_either(texts)}." if texts else "Remove it."
            if "mj-text" in texts:
                remedy = "Put it into mj-text, or into mj-raw if it is HTML of your own."
            self.found.problems.append(Problem(line, f"{what} cannot stand in <{container}>.", remedy))

    def _tag(self, text: str, at: int) -> int:
        element = known_elements().get(self.element)
        match = ATTRIBUTE_NAME.match(text, at) if element and text[at] not in "<>" else None
        if element and match:
            self._check_attribute(element, match[1], self.line + text.count("\n", 0, at))
        return super()._tag(text, at)

    def _check_attribute(self, element: Element, name: str, line: int) -> None:
        if name not in element.attributes:
            what = f"<{self.element}> has no attribute {name}."
            self.found.problems.append(Problem(line, what, _attributes(self.element, name, element.attributes)))
        elif name in WITHOUT_EFFECT.get(self.element, ()):
            what = f"{name} of <{self.element}> has no effect: the compiler leaves it out."
            self.found.problems.append(Problem(line, what, "Remove it, or write it in HTML.", is_certain=False))

    def _value(self, text: str, at: int) -> int:
        after = super()._value(text, at)
        element = known_elements().get(self.element)
        allowed = element.attributes.get(self.attribute) if element and self.mode == "tag" else None
        if allowed and self.value not in allowed and self.value.isprintable():  # A private-use character stands for a value.
            what = f"{self.attribute} of <{self.element}> cannot be '{self.value}'."
            remedy = suggest(self.value, [value for value in allowed if value], kind="values")
            self.found.problems.append(Problem(self.line + text.count("\n", 0, after), what, remedy))
        return after


def _attributes(element: str, name: str, attributes: Mapping[str, object]) -> str:
    """The remedy for an attribute that an element does not have."""
    if near := did_you_mean(name, attributes):
        return near
    return f"Remove it; https://documentation.mjml.io lists the attributes of {element}."


def _move(name: str) -> str:
    """The remedy for an element in the wrong place."""
    return f"Put it into {_either(parents(name))}." if parents(name) else _SEE


def _either(names: list[str]) -> str:
    return " or ".join([part for part in (", ".join(names[:-1]), names[-1]) if part])
