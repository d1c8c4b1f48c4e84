"""The file of service level objectives, `include/service_levels.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from include.core import yaml_file
from include.core.paths import PROJECT
from include.core.yaml_file import StrictModel

FILE = PROJECT / "include" / "service_levels.yaml"

Minutes = Annotated[int, Field(ge=1, le=1_440)]


class Objective(StrictModel):
    """`target`: the share of what is counted that must be good over 28 days."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    target: Annotated[float, Field(gt=0, lt=1)]


class TimedObjective(Objective):
    """`minutes`: how long it may take."""

    minutes: Minutes


class ServiceLevels(StrictModel):
    """The objectives; what each of them counts is in `include/sql/analyze/service_level_days_insert.sql`."""

    time_to_accepted: TimedObjective
    event_lag: TimedObjective
    published_in_time: TimedObjective
    sums_hold: Objective

    def by_name(self) -> dict[str, Objective]:
        return {name: getattr(self, name) for name in type(self).model_fields}


def load_service_levels(path: Path = FILE) -> ServiceLevels:
    """The file. Raises `ConfigurationError` with file, line and field."""
    return yaml_file.read(path, ServiceLevels, example="docs/observability.md")
