"""The result of a check: a verdict, the evidence, and an advice in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from include.core.errors import TradewindError

Verdict = Literal["pass", "unknown", "warn", "fail"]
ORDER: tuple[Verdict, ...] = ("pass", "unknown", "warn", "fail")
"""From the best to the worst. `unknown`: it could not be asked, which is never a pass."""
Evidence = Mapping[str, int | float | str | bool | None]
"""Numbers and names of domains, segments and scopes by what they are. Never an address, a name of a person or a key."""
Finding = tuple[Verdict, str]
"""Something that is not as it should be, and what to do about it."""


@dataclass(frozen=True)
class Result:
    """The result of one check."""

    check: str
    verdict: Verdict
    evidence: Evidence
    advice: str

    def as_json(self) -> dict[str, Any]:
        """As tasks exchange it."""
        return asdict(self)


def conclude(check: str, evidence: Evidence, findings: Iterable[Finding], *, fine: str) -> Result:
    """The worst of the findings with all advice, the worst first; without findings a pass with the sentence `fine`."""
    ordered = sorted(findings, key=lambda found: -rank(found[0]))
    if not ordered:
        return Result(check, "pass", evidence, fine)
    return Result(check, ordered[0][0], evidence, " ".join(dict.fromkeys(advice for _, advice in ordered)))


def rank(verdict: Verdict) -> int:
    """The place of a verdict in `ORDER`."""
    return ORDER.index(verdict)


def attempt(check: str, ask: Callable[[], Result]) -> Result:
    """The result of `ask`; `unknown` if it raises a `TradewindError`, since one check must not hide the others."""
    try:
        return ask()
    except TradewindError as error:
        return unknown(check, error)


def unknown(check: str, error: TradewindError) -> Result:
    """The result of a check that could not be made."""
    return Result(check, "unknown", {"could not be asked": type(error).__name__}, str(error))
