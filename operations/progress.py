"""Progress lines for the terminal: the time elapsed, and what happened."""

from __future__ import annotations

import time


class Progress:
    """Prints one line per event, with the minutes and seconds since the object was created."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def report(self, text: str) -> None:
        """Print a line with the time elapsed."""
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        self.print(f"{minutes:02d}:{seconds:02d}  {text}")

    def print(self, text: str = "") -> None:
        """Print a line without it: tables and links."""
        print(text, flush=True)  # noqa: T201
