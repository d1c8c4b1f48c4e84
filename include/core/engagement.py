"""Levels of engagement, in days since a subscriber was last active: in features, and in the order of sending."""

from __future__ import annotations

ENGAGED_DAYS, WARM_DAYS, COOLING_DAYS = 30, 90, 180
"""Up to so many days: engaged, warm, cooling; dormant after that. As usual in sunset policies, in steps of a month.

`engaged_30d`, `engaged_90d` and `dormant_180d` of marts.list_health are named after these days.
"""
ENGAGEMENT_PARAMS = {"engaged_days": ENGAGED_DAYS, "warm_days": WARM_DAYS, "cooling_days": COOLING_DAYS}
"""The same as parameters of SQL files."""
