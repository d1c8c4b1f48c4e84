"""`make segment NAME=vip_customers`: its size now, and its conditions. `DAY=…`: who moved then."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator, Sequence
from datetime import date

from include.core.errors import ConfigurationError, TradewindError
from include.core.paths import data_paths
from include.segment.decide import accept_size
from include.segment.size_preview import SizePreview, find, size_preview
from include.warehouse.connection import run
from include.warehouse.reading import read_warehouse


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was asked for; 1 if there is an error."""
    parser = argparse.ArgumentParser(prog="make segment")
    parser.add_argument("name")
    parser.add_argument("--do", default="")
    parser.add_argument("--reason", default="")
    parser.add_argument("--day", default="")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.do == "accept":
            found = _accept(chosen.name, chosen.reason)
        else:
            found = _day(chosen.name, chosen.day) if chosen.day else _lines(size_preview(data_paths(), chosen.name))
        for line in found:
            print(line)  # noqa: T201
    except TradewindError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _accept(name: str, reason: str) -> Iterator[str]:
    segment = str(find(name).name)
    members = accept_size(data_paths(), segment, decided_by=getpass.getuser(), reason=reason)
    yield f"{segment}: {members:,} members are accepted; its campaigns send again."


def _lines(shown: SizePreview) -> Iterator[str]:
    definition = shown.segment.definition
    share = f" ({shown.members / shown.list_size:.1%})" if shown.list_size else ""
    yield f"{shown.segment.name}: {definition.query.file.purpose}"
    yield f"  now          {shown.members:,} of {shown.list_size:,} people{share}, as of {shown.as_of:%Y-%m-%d %H:%M} UTC"
    yield f"  last frozen  {_last(shown)}"
    if limits := definition.query.file.extra.get("limits"):
        yield f"  limits       {limits}: {shown.outside or 'within'}"
    if shown.conditions is None:
        yield "  conditions   not split: the query is no conjunction of terms"
    for number, one in enumerate(shown.conditions or ()):
        yield f"  {'conditions' if number == 0 else '':12} {one.alone:>11,}  {one.together:>11,} so far  {one.text}"
    yield "Nothing was built; the next run of build_segments freezes these people."


def _day(name: str, text: str) -> Iterator[str]:
    """Who was in the segment on a day, and why people entered and left."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"'{text[:20]}' is not a day.", where="DAY", remedy="Write it as 2026-11-24.") from None
    segment = str(find(name).name)
    params = {"segment": segment, "day": day}
    with read_warehouse(data_paths()) as connection:
        members, entered, left = run(connection, "segment", "day_sizes", params).fetchall()[0]
        reasons = run(connection, "segment", "day_reasons", params).fetchall()
    yield f"{segment} at the end of {day} (UTC): {members:,} members; {entered:,} entered and {left:,} left on this day"
    for moved, condition, people in reasons:
        now = "now met" if moved == "entered" else "no longer met"
        yield f"  {moved:8} {people:>9,}  {f'{now}: {condition}' if condition else 'not known why'}"


def _last(shown: SizePreview) -> str:
    if shown.last is None:
        return "never"
    before = shown.last["members"]
    change = f", {shown.members / before - 1:+.0%}" if before else ""
    return f"{before:,} as of {shown.last['as_of']:%Y-%m-%d %H:%M} UTC{change}"


if __name__ == "__main__":
    sys.exit(main())
