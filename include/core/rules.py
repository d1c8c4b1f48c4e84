"""Rules across several fields of a file. All that are broken are reported at once, each at its field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import model_validator

from include.core.field_errors import BrokenRules, FieldError
from include.core.yaml_file import StrictModel


class Rule(NamedTuple):
    """`broken` yields what breaks the rule in a model; `reads` are the fields on which that depends."""

    reads: frozenset[str]
    broken: Callable[[Any], Iterator[FieldError]]


def rule(*reads: str) -> Callable[[Callable[[Any], Iterator[FieldError]]], Rule]:
    """Makes a rule of a generator of errors that reads these fields."""
    return lambda broken: Rule(frozenset(reads), broken)


class RuledModel(StrictModel):
    """A model with rules across its fields; they are looked at when each field for itself is right."""

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        found = [error.depending_on(each.reads) for each in self.rules for error in each.broken(self)]
        if found:
            raise BrokenRules(found)
        return self
