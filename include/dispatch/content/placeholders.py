"""What was noted while a template was rendered, and the marks that stand for it in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from include.dispatch.content.environment import MARK_CLOSE, MARK_OPEN, Budget
from include.dispatch.content.fields import LINKS_OF_PERSON
from include.dispatch.content.person import Path
from include.dispatch.content.person_proxy import PersonStandIn, Recorded, evaluate, paths_of
from include.dispatch.content.source_location import refuse
from include.dispatch.content.untracked import untracked_for

MAX_FRAGMENT = 100_000
"""Characters that one block may come to for one person, well above what SendGrid takes."""

MARK = re.compile(f"{MARK_OPEN}([0-9]+){MARK_CLOSE}")


@dataclass(frozen=True, eq=False)
class Fragment:
    """The body of one `{% personal %}` block, compiled, with what it took from around it."""

    caller: Any
    around: tuple[Any, ...]
    paths: frozenset[Path]
    place: str
    is_markup: bool
    person: PersonStandIn
    budget: Budget
    name: str

    def evaluate(self, values: Mapping[Path, Any]) -> str:
        """The block for one person: `Markup` from an HTML file, text from a plain one."""
        self.budget.renew()
        self.person._enter(values)
        try:
            made = str(self.caller(*self.around))
        finally:
            self.person._leave()
        if len(made) > MAX_FRAGMENT:
            raise refuse("A {% personal %} block grows too large.", "SendGrid takes 10,000 bytes a person.", self.name)
        if not self.is_markup:
            return made
        links = [values[path] for path in self.paths if path[0] in LINKS_OF_PERSON]
        return Markup(untracked_for(made, links) if links else made)  # noqa: S704  (each value was escaped for its place)

    def identity(self) -> object:
        """Two blocks with the same identity give the same text for the same person."""
        plain = all(isinstance(part, (str, int, float, bool, type(None))) for part in self.around)
        return (self.name, *map(repr, self.around)) if plain else id(self)


@dataclass(frozen=True, eq=False)
class Noted:
    """One value that depends on the person, and where it was written."""

    value: Recorded | Fragment
    name: str
    line: int

    @property
    def paths(self) -> frozenset[Path]:
        return self.value.paths if isinstance(self.value, Fragment) else paths_of(self.value)

    @property
    def expression(self) -> str:
        return "{% personal %}" if isinstance(self.value, Fragment) else self.value._text()

    def identity(self) -> object:
        return self.value.identity() if isinstance(self.value, Fragment) else self.value._text()

    def evaluate(self, values: Mapping[Path, Any]) -> Any:
        return self.value.evaluate(values) if isinstance(self.value, Fragment) else evaluate(self.value, values)


@dataclass
class Marks:
    """Everything noted in one compilation; a mark's number is its index."""

    noted: list[Noted] = field(default_factory=list)

    def add(self, value: Recorded | Fragment, name: str, line: int) -> Markup:
        """Note a value; returns the mark to print in its stead."""
        self.noted.append(Noted(value, name, line))
        return Markup(f"{MARK_OPEN}{len(self.noted) - 1}{MARK_CLOSE}")  # noqa: S704  (digits between two private-use characters)
