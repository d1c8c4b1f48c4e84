"""The edge's count of links that did not verify, for the watch: a run of them is told once."""

from __future__ import annotations

import logging

import orjson

from include.core.alert import Alert
from include.core.paths import DataPaths

log = logging.getLogger(__name__)

MANY = 10
"""Different links in a row that did not verify, and none that did: nobody may be able to leave."""


def in_a_row(paths: DataPaths) -> int:
    """How many different links failed since the last one that verified, as the edge wrote down; 0 where it wrote nothing."""
    try:
        return int(orjson.loads((paths.spool / "links.json").read_bytes())["damaged_in_a_row"])
    except FileNotFoundError:
        return 0
    except (ValueError, KeyError, TypeError):
        log.warning("spool/links.json cannot be read; the edge writes it anew")
        return 0


def alert(failed: int, dag: str, run: str) -> Alert:
    """People press links and none of them works."""
    return Alert(
        "damaged-links", f"The last {failed} links that people pressed were all damaged",
        f"{failed} different unsubscribe, preference or confirmation links in a row did not verify, and none did.",
        "Each of them was told that nothing was changed and where to write to. Nobody was told that they had left.",
        "See whether the edge reads the sender's secrets.json, then whether a proxy or the template breaks links.",
        "docs/runbook/damaged-links.md#what-to-do", dag=dag, run=run, task="watch",
    )  # fmt: skip
