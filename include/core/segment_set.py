"""The audience in a campaign file: one segment, or a combination of segments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Discriminator, Field, Tag

from include.core import segment_name
from include.core.field_errors import FieldError
from include.core.rules import Rule, RuledModel, rule
from include.core.segment_name import SegmentName

SegmentText = Annotated[str, AfterValidator(lambda text: str(segment_name.read(text)))]
"""A segment as a campaign file names it: `engaged`, or with other parameters than its defaults `engaged(days=30)`."""


@rule("any", "all", "none")
def _selects_somebody(chosen: SegmentSet) -> Iterator[FieldError]:
    if not chosen.any and not chosen.all:
        yield FieldError("names no segment under any or all, so it selects nobody")
    if both := {*chosen.any, *chosen.all} & {*chosen.none}:
        yield FieldError(f"selects and leaves out {', '.join(sorted(both))}")


class SegmentSet(RuledModel):
    """A combination of segments: people in at least one of `any`, in every one of `all`, and in `none` of the others."""

    any: Annotated[
        tuple[SegmentText, ...],
        Field(description="People in at least one of these segments.", examples=[["vip_customers", "new_customers"]]),
    ] = ()
    all: Annotated[
        tuple[SegmentText, ...],
        Field(description="Only people who are in every one of these segments.", examples=[["engaged(days=30)"]]),
    ] = ()
    none: Annotated[
        tuple[SegmentText, ...],
        Field(description="People of these segments are left out.", examples=[["new_subscribers"]]),
    ] = ()

    rules: ClassVar[tuple[Rule, ...]] = (_selects_somebody,)

    def __str__(self) -> str:
        some = " or ".join(self.any)
        wanted = [f"({some})" if self.all and len(self.any) > 1 else some, *self.all]
        left_out = f" without {', '.join(self.none)}" if self.none else ""
        return " and ".join(filter(None, wanted)) + left_out

    def names(self) -> Iterator[SegmentName]:
        """Every segment that decides who is selected."""
        yield from map(segment_name.read, (*self.any, *self.all, *self.none))

    def single(self) -> str | None:
        """The one segment, apart from exclusions; None if it is a combination."""
        wanted = (*self.any, *self.all)
        return wanted[0] if len(wanted) == 1 else None


_NAME, _COMBINATION = "<name>", "<combination>"
SegmentChoice = Annotated[
    Annotated[SegmentText, Tag(_NAME)] | Annotated[SegmentSet, Tag(_COMBINATION)],
    Discriminator(lambda value: _COMBINATION if isinstance(value, (dict, SegmentSet)) else _NAME),
]
"""`segment: engaged`, or `segment: {any: [a, b], all: [c], none: [d]}`."""


def describe(choice: str | dict[str, object]) -> str:
    """The choice of a stored campaign in words: `engaged`, `(a or b) and c without d`."""
    return choice if isinstance(choice, str) else str(SegmentSet.model_validate(choice))
