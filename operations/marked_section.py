"""The generated part of a page that people write: what stands between two markers."""

from __future__ import annotations


def with_section(page: str, name: str, start: str, end: str, content: str) -> str:
    """The page with `content` between its markers. Raises ValueError, with the page's name, if it lacks one of them."""
    before, has_start, rest = page.partition(start)
    _, has_end, after = rest.partition(end)
    if not (has_start and has_end):
        raise ValueError(f"{name} does not contain '{start}' and '{end}'")
    return f"{before}{start}\n{content}\n{end}{after}"
