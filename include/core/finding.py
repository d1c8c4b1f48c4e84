"""Findings: what is wrong in a file that people write, with file and line.

Readers of such files return all findings at once. `make check` prints them; a run of Airflow calls `refuse`, which raises
the first error. So nothing that `make check` calls an error is ever sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from include.core.errors import ConfigurationError, TradewindError
from include.core.paths import PROJECT

Severity = Literal["error", "warning", "hint"]
"""An *error* stops a send. A *warning* is probably a mistake, a *hint* is good practice; both are only shown."""

_LINE = re.compile(r", line (\d+)$")
ORDER: dict[str, int] = {"error": 0, "warning": 1, "hint": 2}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: `what` in a sentence about line `line` of the file `path`, and the `remedy`.

    Neither contains an address, a name or a secret, since errors are logged and mailed. Lines count from 1.
    """

    severity: Severity
    path: Path
    line: int
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """One line, `include/campaigns/newsletter.yaml:12: error: what it is. The remedy.`; editors link it."""
        text = " ".join(f"{self.what} {self.remedy}".split())
        return f"{shown_path(self.path)}:{self.line}: {self.severity}: {text}"

    @property
    def where(self) -> str:
        """`newsletter.yaml, line 12`, the place in an exception."""
        return f"{self.path.name}, line {self.line}"


def of_exception(error: TradewindError, path: Path) -> Finding:
    """The finding for an error that a reader raised about `path`, at the line that the error names."""
    line = _LINE.search(error.where)
    return Finding("error", path, int(line[1]) if line else 1, error.what, error.remedy)


def shown_path(path: Path) -> str:
    """A path as people know it: relative to the project where it lies in it."""
    absolute = path.absolute()
    return str(absolute.relative_to(PROJECT)) if absolute.is_relative_to(PROJECT) else str(absolute)


def errors(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings that stop a send."""
    return (finding for finding in findings if finding.severity == "error")


def refuse(findings: Iterable[Finding], kind: type[TradewindError] = ConfigurationError) -> None:
    """Raise the first error as `kind`, and say how many more there are. Returns if there is none."""
    found = [*errors(findings)]
    if not found:
        return
    first, others = found[0], found[1:]
    more = f"{len(others)} more {'error' if len(others) == 1 else 'errors'}: run make check." if others else ""
    raise kind(first.what, where=first.where, remedy=" ".join(part for part in (first.remedy, more) if part))
