"""One posted activity: a line of the files that the activities port writes to the spool and the collector reads."""

from __future__ import annotations

from datetime import datetime

import msgspec

NO_PROPERTIES = msgspec.Raw(b"null")


class Activity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A valid activity (docs/data-contract.md). `name` is in lower case, `happened_at` in UTC, `properties` an object."""

    activity_id: str
    subscriber_id: str
    name: str
    happened_at: datetime
    properties: msgspec.Raw = NO_PROPERTIES


_lines = msgspec.json.Encoder()
_line = msgspec.json.Decoder(Activity)


def encode(activities: list[Activity]) -> bytes:
    """JSON lines, one per activity."""
    return _lines.encode_lines(activities)


def decode(lines: bytes) -> list[Activity]:
    """The activities of JSON lines. Raises `ValueError` if one of them is not an activity."""
    try:
        return _line.decode_lines(lines)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"not JSON lines of activities ({type(error).__name__})") from None
