"""The template file and line of an error."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

from include.core.errors import PlanError


def display_name(filename: str | None) -> str:
    """A template's file as shown in errors: folder and name."""
    if not filename or filename.startswith("<"):
        return (filename or "template").strip("<>")
    return "/".join(Path(filename).parts[-2:])


def format_location(filename: str | None, line: int | None) -> str:
    """`newsletter/body.html.j2, line 12`."""
    return f"{display_name(filename)}, line {line}" if line else display_name(filename)


def _in_template(frame: FrameType, line: int) -> str | None:
    template: Any = frame.f_globals.get("__jinja_template__")
    if template is not None:
        return format_location(template.filename or template.name, template.get_corresponding_lineno(line))
    return format_location(frame.f_code.co_filename, line) if "__jinja_exception__" in frame.f_globals else None


def current_location() -> str:
    """The template line being rendered, or an empty string."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if location := _in_template(frame, frame.f_lineno):
            return location
        frame = frame.f_back
    return ""


def location_of(error: BaseException, *, of_caller: bool = False) -> str:
    """The template line that raised `error`, or an empty string; with `of_caller`, the line that called its macro."""
    if lineno := getattr(error, "lineno", None):
        return format_location(getattr(error, "filename", None) or getattr(error, "name", None), lineno)
    found, trace = list[str](), error.__traceback__
    while trace is not None:
        location = _in_template(trace.tb_frame, trace.tb_lineno)
        found += [location] if location and found[-1:] != [location] else []
        trace = trace.tb_next
    return found[-2] if of_caller and len(found) > 1 else found[-1] if found else ""


def template_error(what: str, remedy: str, where: str = "") -> PlanError:
    """An error at `where`, by default the line being rendered."""
    return PlanError(what, where=where or current_location(), remedy=remedy)
