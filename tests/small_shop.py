"""A demo shop of a few hundred customers, for tests of the whole pipeline."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

from include.core.paths import PROJECT

ONE_CUSTOMER_IN = 60


def build_small_shop(folder: Path) -> Path:
    """Every sixtieth customer of the demo shop with their purchases and activities, and all pending subscribers."""
    whole, small = folder / "whole.sqlite", folder / "small.sqlite"
    subprocess.run(
        [sys.executable, "-m", "demo_shop.source", "--to", str(whole)], cwd=PROJECT, check=True, capture_output=True
    )
    with sqlite3.connect(whole) as shop:
        shop.execute("attach ? as small", (str(small),))
        shop.execute(
            f"create table small.subscribers as select * from main.subscribers where rowid % {ONE_CUSTOMER_IN} = 0 "
            "or (status = 'pending' and signed_up_at > datetime('now', '-13 days'))"
        )
        for relation in ("purchases", "activities"):
            shop.execute(
                f"create table small.{relation} as select * from main.{relation} "
                "where subscriber_id in (select subscriber_id from small.subscribers)"
            )
    return small
