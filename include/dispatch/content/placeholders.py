"""What was noted while a template was rendered, and the marks that stand for it in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from include.dispatch.content.click_tracking import disable_click_tracking_for
from include.dispatch.content.environment import PLACEHOLDER_CLOSE, PLACEHOLDER_OPEN, RenderBudget
from include.dispatch.content.fields import PERSON_LINKS
from include.dispatch.content.person import Path
from include.dispatch.content.person_proxy import PersonProxy, RecordedExpression, evaluate, paths_of
from include.dispatch.content.source_location import template_error

MAX_FRAGMENT = 100_000
"""Characters that one block may come to for one person, well above what SendGrid takes."""

PLACEHOLDER = re.compile(f"{PLACEHOLDER_OPEN}([0-9]+){PLACEHOLDER_CLOSE}")


@dataclass(frozen=True, eq=False)
class Fragment:
    """The body of one `{% personal %}` block, compiled, with what it took from around it."""

    caller: Any
    captured: tuple[Any, ...]
    paths: frozenset[Path]
    context: str
    is_markup: bool
    person: PersonProxy
    budget: RenderBudget
    name: str

    def evaluate(self, values: Mapping[Path, Any]) -> str:
        """The block for one person: `Markup` from an HTML file, text from a plain one."""
        self.budget.reset()
        self.person._bind(values)
        try:
            made = str(self.caller(*self.captured))
        finally:
            self.person._unbind()
        if len(made) > MAX_FRAGMENT:
            raise template_error(
                "A {% personal %} block grows too large.", "SendGrid takes 10,000 bytes a person.", self.name
            )
        if not self.is_markup:
            return made
        links = [values[path] for path in self.paths if path[0] in PERSON_LINKS]
        return Markup(disable_click_tracking_for(made, links) if links else made)  # noqa: S704  (each value was escaped for its place)

    def identity(self) -> object:
        """Two blocks with the same identity give the same text for the same person."""
        plain = all(isinstance(part, (str, int, float, bool, type(None))) for part in self.captured)
        return (self.name, *map(repr, self.captured)) if plain else id(self)


@dataclass(frozen=True, eq=False)
class Placeholder:
    """One value that depends on the person, and where it was written."""

    value: RecordedExpression | Fragment
    name: str
    line: int

    @property
    def paths(self) -> frozenset[Path]:
        return self.value.paths if isinstance(self.value, Fragment) else paths_of(self.value)

    @property
    def expression(self) -> str:
        return "{% personal %}" if isinstance(self.value, Fragment) else self.value._source()

    def identity(self) -> object:
        return self.value.identity() if isinstance(self.value, Fragment) else self.value._source()

    def evaluate(self, values: Mapping[Path, Any]) -> Any:
        return self.value.evaluate(values) if isinstance(self.value, Fragment) else evaluate(self.value, values)


@dataclass
class Placeholders:
    """Everything noted in one compilation; a mark's number is its index."""

    entries: list[Placeholder] = field(default_factory=list)

    def add(self, value: RecordedExpression | Fragment, name: str, line: int) -> Markup:
        """Note a value; returns the mark to print in its stead."""
        self.entries.append(Placeholder(value, name, line))
        return Markup(f"{PLACEHOLDER_OPEN}{len(self.entries) - 1}{PLACEHOLDER_CLOSE}")  # noqa: S704  (digits between two private-use characters)
