"""What a page of the console is made of: figures, tables, charts, sentences and mails. They hold data, no HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Row = Mapping[str, Any]
Tone = Literal["good", "warn", "stop", "none"]
Kind = Literal["text", "wrap", "count", "percent", "decimal", "time", "day"]
"""How a value is written; numbers are aligned to the right, the rest to the left, and only `wrap` breaks into lines."""


@dataclass(frozen=True)
class Mark:
    """A status in words; the tone adds a colour and a sign to it, and never says more than the words do."""

    words: str
    tone: Tone = "none"


@dataclass(frozen=True)
class Tile:
    """One figure with its label and what it is of."""

    label: str
    value: Any
    kind: Kind = "count"
    note: str = ""
    mark: Mark | None = None


@dataclass(frozen=True)
class Tiles:
    """Figures side by side."""

    block: ClassVar[str] = "tiles"
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class Column:
    """A column of a table: the field of its rows, its title, and how values are written.

    `mark` makes a status of a row, `link` the address that the value leads to (None for no link).
    """

    field: str
    title: str
    kind: Kind = "count"
    mark: Callable[[Row], Mark] | None = None
    link: Callable[[Row], str | None] | None = None

    @property
    def is_text(self) -> bool:
        """Whether the column is aligned to the left."""
        return self.mark is not None or self.kind in ("text", "wrap", "time", "day")


@dataclass(frozen=True)
class Table:
    """Rows under columns; the first column names the row. `empty` is what stands in the place of no rows."""

    block: ClassVar[str] = "table"
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    empty: str = "There are no rows."


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite spec with its title, what it shows in a sentence, and the same numbers as a table."""

    block: ClassVar[str] = "chart"
    title: str
    summary: str
    spec: Mapping[str, Any]
    table: Table


@dataclass(frozen=True)
class Prose:
    """A paragraph; with `href` a link after it, whose text is `link`."""

    block: ClassVar[str] = "prose"
    text: str
    link: str = ""
    href: str = ""


@dataclass(frozen=True)
class MailFrame:
    """A mail, shown in a frame in which no script runs. `source` is its address, `title` names it."""

    block: ClassVar[str] = "mail"
    title: str
    source: str


Block = Tiles | Table | Chart | Prose | MailFrame


@dataclass(frozen=True)
class Section:
    """A titled part of a page. `draw` reads its data: one that the published file lacks leaves the other sections alone."""

    title: str
    draw: Callable[[], Sequence[Block]]
    note: str = ""


@dataclass(frozen=True)
class Choice:
    """One value that a filter may have."""

    value: str
    label: str


@dataclass(frozen=True)
class Filter:
    """A field of the page's form, whose value is in the address. With `choices` a list, else a line to write in."""

    name: str
    label: str
    value: str
    choices: Sequence[Choice] = ()
    hint: str = ""
    pattern: str = ""
    """A regular expression that the browser checks before it sends what was written."""


@dataclass(frozen=True)
class Page:
    """What a view makes of a request: its filters, a sentence at the top, and its sections."""

    sections: Sequence[Section] = ()
    filters: Sequence[Filter] = ()
    lead: str = ""
