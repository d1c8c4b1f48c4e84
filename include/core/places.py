"""Country codes and time zone names, from the IANA data in the package `tzdata`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import available_timezones

_NOT_PLACES = {"Factory", "localtime", "posixrules"}


@cache
def country_codes() -> frozenset[str]:
    """ISO 3166-1 alpha-2."""
    lines = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8").splitlines()
    return frozenset(line.partition("\t")[0] for line in lines if line and not line.startswith("#"))


@cache
def time_zones() -> frozenset[str]:
    """IANA names, including deprecated ones (`US/Eastern`)."""
    return frozenset(available_timezones() - _NOT_PLACES)
