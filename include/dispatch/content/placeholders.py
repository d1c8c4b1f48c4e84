"""Personal values recorded while a template is rendered, and their placeholders in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from include.dispatch.content.click_tracking import disable_click_tracking_for
from include.dispatch.content.environment import PLACEHOLDER_CLOSE, PLACEHOLDER_OPEN, RenderBudget
from include.dispatch.content.fields import PERSON_LINKS
from include.dispatch.content.person import Path
from include.dispatch.content.person_proxy import PersonProxy, RecordedExpression, evaluate, paths_of
from include.dispatch.content.source_location import template_error
from include.dispatch.content.utm import Tagging

MAX_FRAGMENT = 100_000
"""Maximum characters of a block for one person, well above SendGrid's limit."""

PLACEHOLDER = re.compile(f"{PLACEHOLDER_OPEN}([0-9]+){PLACEHOLDER_CLOSE}")


@dataclass(frozen=True, eq=False)
class Fragment:
    """The compiled body of one `{% personal %}` block, with its captured variables; `number` counts the blocks of a file."""

    caller: Any
    captured: tuple[Any, ...]
    paths: frozenset[Path]
    context: str
    is_markup: bool
    person: PersonProxy
    budget: RenderBudget
    name: str
    number: int
    urls: Mapping[str, str] = field(default_factory=dict)
    tagging: Tagging | None = None

    def evaluate(self, values: Mapping[Path, Any]) -> str:
        """The block's output for one person: `Markup` from an HTML file, text from a text file."""
        self.budget.reset()
        self.person._bind(values)
        try:
            made = str(self.caller(*self.captured))
        finally:
            self.person._unbind()
        if len(made) > MAX_FRAGMENT:
            raise template_error(
                "A {% personal %} block grows too large.", "SendGrid accepts 10,000 bytes per person.", self.name
            )
        links = (values[path] for path in self.paths if path[0] in PERSON_LINKS)
        tokens = [token for link in links if isinstance(link, str) and (token := link.rpartition("/")[2])]
        if not self.is_markup:
            return self.tagging.in_text(made, tokens) if self.tagging else made
        for marker, url in self.urls.items():
            made = made.replace(marker, url)
        made = self.tagging.in_html(made, tokens) if self.tagging else made
        return Markup(disable_click_tracking_for(made, tokens) if tokens else made)  # noqa: S704  (each value is escaped)

    def identity(self) -> object:
        """Blocks with the same identity produce the same text for the same person."""
        return self.written()

    def written(self) -> object:
        """Blocks that are written at the same place, with the same variables, have the same."""
        plain = all(isinstance(part, (str, int, float, bool, type(None))) for part in self.captured)
        return (self.name, self.number, *map(repr, self.captured)) if plain else id(self)


@dataclass(frozen=True, eq=False)
class Placeholder:
    """A value that depends on the person, and its location in the template.

    `context` is its escaping context where its place in the text does not tell it (see derived_text.py). `link` adds UTM
    parameters to a value that is a whole link.
    """

    value: RecordedExpression | Fragment
    name: str
    line: int
    context: str | None = None
    link: Tagging | None = None

    @property
    def paths(self) -> frozenset[Path]:
        return self.value.paths if isinstance(self.value, Fragment) else paths_of(self.value)

    @property
    def expression(self) -> str:
        return "{% personal %}" if isinstance(self.value, Fragment) else self.value._source()

    def identity(self) -> object:
        found = self.value.identity() if isinstance(self.value, Fragment) else self.value._source()
        return ("link", found) if self.link else found

    def written(self) -> object:
        """What the writer wrote, whether it is printed in the HTML or in the text that is derived from it."""
        return self.value.written() if isinstance(self.value, Fragment) else self.value._source()

    @property
    def has_person_link(self) -> bool:
        """Whether it reads one of the person's own links."""
        return any(path[0] in PERSON_LINKS for path in self.paths)

    def with_urls(self, urls: Mapping[str, str]) -> Placeholder:
        """The same with the URLs of images, by marker, in the output of a block."""
        return replace(self, value=replace(self.value, urls=urls)) if isinstance(self.value, Fragment) else self

    def with_tagging(self, tagging: Tagging) -> Placeholder:
        """The same with UTM parameters on the links in the output of a block."""
        return replace(self, value=replace(self.value, tagging=tagging)) if isinstance(self.value, Fragment) else self

    def evaluate(self, values: Mapping[Path, Any]) -> Any:
        return self.value.evaluate(values) if isinstance(self.value, Fragment) else evaluate(self.value, values)


@dataclass
class Placeholders:
    """All placeholders of one compilation; a placeholder's number is its index."""

    entries: list[Placeholder] = field(default_factory=list)

    def add(self, value: RecordedExpression | Fragment, name: str, line: int) -> Markup:
        """Record a value; returns the placeholder to print instead of it."""
        self.entries.append(Placeholder(value, name, line))
        return Markup(f"{PLACEHOLDER_OPEN}{len(self.entries) - 1}{PLACEHOLDER_CLOSE}")  # noqa: S704  (digits between two private-use characters)

    def as_link(self, number: int, tagging: Tagging) -> int:
        """Add the same placeholder as a whole link, with UTM parameters; returns its number."""
        self.entries.append(replace(self.entries[number], link=tagging))
        return len(self.entries) - 1
