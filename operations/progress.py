"""Lines for whoever watches: how long it has been, and what happened."""

from __future__ import annotations

import time


class Progress:
    """Prints one line an event, with the minutes and seconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def say(self, what: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._begun), 60)
        print(f"{minutes:02d}:{seconds:02d}  {what}", flush=True)  # noqa: T201

    def plain(self, what: str = "") -> None:
        """A line without the clock: tables and links."""
        print(what, flush=True)  # noqa: T201
