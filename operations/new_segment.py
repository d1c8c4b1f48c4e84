"""`make new-segment NAME=jazz_fans`: writes the definition of a segment with its first case, both valid as they are."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from include.core.errors import ConfigurationError, TradewindError
from include.core.finding import shown_path
from include.core.paths import PROJECT
from include.core.segment_reference import TABLES

DEFINITION = """\
-- name: {name}
-- owner: marketing
-- grain: one row per subscriber
-- params: days = 30
-- purpose: Who is in this segment, and for which campaign.
select subscriber_id
from segment.features
where days_since_engagement <= $days;
"""
CASE = {
    "segment.features.yaml": """\
# The people of this case: rows of segment.features. Columns that a row does not name are null.
- &person
  subscriber_id: in_it
  as_of: 2026-11-24 00:00:00Z
  purchases: 0
  revenue: 0
  lifecycle_stage: prospect
  human_opens_90d: 0
  human_clicks_90d: 0
  engagement_level: engaged
  days_since_engagement: 30
- {<<: *person, subscriber_id: not_in_it, days_since_engagement: 31}
- {<<: *person, subscriber_id: nothing_known, days_since_engagement: null}
""",
    "params.yaml": "days: 30\n",
    "expect.yaml": "# Who is in the segment.\n- {subscriber_id: in_it}\n",
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


def create(name: str, root: Path = PROJECT) -> list[Path]:
    """Write the definition and its case below `root`; returns the files.

    Raises `ConfigurationError` if the name is not one, or if a file of it exists: nothing is overwritten.
    """
    if not _NAME.fullmatch(name) or name in TABLES:
        raise ConfigurationError(
            f"'{name[:40]}' is not a name of small letters, digits and underscores, or is that of a table.",
            where="NAME",
            remedy="For example: jazz_fans.",
        )
    case = root / "tests" / "sql" / "segment" / "definitions" / name / "first_case"
    texts = {root / "include" / "sql" / "segment" / "definitions" / f"{name}.sql": DEFINITION.format(name=name)}
    texts |= {case / file: text for file, text in CASE.items()}
    for path in texts:
        if path.exists():
            raise ConfigurationError("exists.", where=shown_path(path), remedy="Choose another name, or delete it.")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Create the files and say what to do with them."""
    (name,) = arguments or sys.argv[1:]
    try:
        files = create(name)
    except TradewindError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    definition, features, *_ = (path.relative_to(PROJECT) for path in files)
    print(  # noqa: T201
        f"1. Write the query and its purpose into {definition}; docs/segments.md has the columns.\n"
        f"2. Write people who are in it and who are not into {features.parent}.\n"
        f"3. Check both: make check, and .venv/bin/python -m pytest tests/sql -k definitions/{name}\n"
        f"4. See its size: make segment NAME={name}\n"
        f"5. Name it in a campaign, `segment: {name}`; the next run of build_segments builds it."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
