"""`make segment NAME=vip_customers`: its size now, and its conditions. With `DO=accept REASON=…`: accept its size."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator, Sequence

from include.core.errors import TradewindError
from include.core.paths import data_paths
from include.segment.decide import accept_size
from include.segment.size_preview import SizePreview, find, size_preview


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was asked for; 1 if there is an error."""
    parser = argparse.ArgumentParser(prog="make segment")
    parser.add_argument("name")
    parser.add_argument("--do", default="")
    parser.add_argument("--reason", default="")
    chosen = parser.parse_args(arguments)
    try:
        for line in _accept(chosen.name, chosen.reason) if chosen.do == "accept" else _lines(_shown(chosen.name)):
            print(line)  # noqa: T201
    except TradewindError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _shown(name: str) -> SizePreview:
    return size_preview(data_paths(), name)


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


def _last(shown: SizePreview) -> str:
    if shown.last is None:
        return "never"
    before = shown.last["members"]
    change = f", {shown.members / before - 1:+.0%}" if before else ""
    return f"{before:,} as of {shown.last['as_of']:%Y-%m-%d %H:%M} UTC{change}"


if __name__ == "__main__":
    sys.exit(main())
