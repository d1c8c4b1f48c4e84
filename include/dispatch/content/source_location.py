"""Which file and line of a template an error belongs to."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

from include.core.errors import PlanError


def shown(filename: str | None) -> str:
    """A template's file as errors name it: its folder and its name."""
    if not filename or filename.startswith("<"):
        return (filename or "template").strip("<>")
    return "/".join(Path(filename).parts[-2:])


def at(filename: str | None, line: int | None) -> str:
    """`newsletter/body.html.j2, line 12`."""
    return f"{shown(filename)}, line {line}" if line else shown(filename)


def _in_template(frame: FrameType, line: int) -> str | None:
    template: Any = frame.f_globals.get("__jinja_template__")
    if template is not None:
        return at(template.filename or template.name, template.get_corresponding_lineno(line))
    return at(frame.f_code.co_filename, line) if "__jinja_exception__" in frame.f_globals else None


def here() -> str:
    """The template line that is being rendered now, or an empty string."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if place := _in_template(frame, frame.f_lineno):
            return place
        frame = frame.f_back
    return ""


def of(error: BaseException) -> str:
    """The template line that `error` comes from, or an empty string."""
    if lineno := getattr(error, "lineno", None):
        return at(getattr(error, "filename", None) or getattr(error, "name", None), lineno)
    place, trace = "", error.__traceback__
    while trace is not None:
        place = _in_template(trace.tb_frame, trace.tb_lineno) or place
        trace = trace.tb_next
    return place


def refuse(what: str, remedy: str, where: str = "") -> PlanError:
    """The error to raise about the line that is being rendered."""
    return PlanError(what, where=where or here(), remedy=remedy)
