"""The hours in which mail may arrive, on the recipient's clock: within a send window and outside of quiet hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from include.core.field_errors import FieldError
from include.core.yaml_file import StrictModel


class SendWindow(StrictModel):
    """The hours in which mail may arrive, in the recipient's time zone: from `start` until `end` (0–24)."""

    start: Annotated[int, Field(ge=0, le=23)] = Field(default=9, description="The first hour.", examples=[9])
    end: Annotated[int, Field(ge=1, le=24)] = Field(
        default=20, description="The hour at which the window ends.", examples=[20]
    )
    missed: Literal["next_day", "skip"] = Field(
        default="next_day",
        description="For people whose window of the day has ended: send on the next day, or skip them.",
        examples=["next_day"],
    )

    @model_validator(mode="after")
    def _ordered(self) -> SendWindow:
        if self.end <= self.start:
            raise FieldError("must come after start", "end")
        return self


class QuietHours(StrictModel):
    """Hours in which no mail may arrive, in the recipient's time zone: from `start` until `end`, usually over midnight."""

    start: Annotated[int, Field(ge=0, le=23)] = Field(description="The first quiet hour.", examples=[22])
    end: Annotated[int, Field(ge=0, le=23)] = Field(
        description="The hour at which mail may arrive again; before `start` means the next morning.", examples=[7]
    )

    @model_validator(mode="after")
    def _differ(self) -> QuietHours:
        if self.end == self.start:
            raise FieldError("is the same as start, which leaves no hour for mail", "end")
        return self

    def covers(self, hour: int) -> bool:
        """Whether an hour (0 to 23) is quiet."""
        return (hour - self.start) % 24 < (self.end - self.start) % 24


@dataclass(frozen=True)
class ArrivalHours:
    """`spans` are the hours of a day, [start, end), in order and apart; `skips_missed`: who missed them gets no mail."""

    spans: tuple[tuple[int, int], ...]
    skips_missed: bool = False

    def __contains__(self, hour: int) -> bool:
        return any(start <= hour < end for start, end in self.spans)


def arrival_hours(window: SendWindow | None, quiet: QuietHours | None) -> ArrivalHours | None:
    """The hours that a window and quiet hours leave; None: any. Without spans if they leave none."""
    if window is None and quiet is None:
        return None
    first, last = (window.start, window.end) if window else (0, 24)
    hours = [hour for hour in range(first, last) if quiet is None or not quiet.covers(hour)]
    return ArrivalHours(tuple(_spans(hours)), skips_missed=bool(window and window.missed == "skip"))


def _spans(hours: list[int]) -> Iterator[tuple[int, int]]:
    starts = [hour for hour in hours if hour - 1 not in hours]
    ends = [hour + 1 for hour in hours if hour + 1 not in hours]
    return zip(starts, ends, strict=True)
