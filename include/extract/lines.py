"""Reads a text file line by line, as bytes and with bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import BinaryIO

MAX_LINE = 4 * 1024 * 1024
"""The rest of a longer line is skipped."""


class LineReader:
    """Reads lines as bytes and lets the caller put some back. `number` is that of the last line read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._pending: deque[bytes] = deque()
        self.number = 0

    def read(self) -> bytes | None:
        """The next line with its line end; None at the end of the file."""
        line = self._pending.popleft() if self._pending else self._read_file()
        self.number += line is not None
        return line

    def put_back(self, lines: Sequence[bytes]) -> None:
        """Let the next reads return these lines, the last ones read."""
        self._pending.extendleft(reversed(lines))
        self.number -= len(lines)

    def _read_file(self) -> bytes | None:
        line = self._file.readline(MAX_LINE)
        rest = line
        while len(rest) == MAX_LINE and not rest.endswith(b"\n"):
            rest = self._file.readline(MAX_LINE)
        return line or None
