"""Text files as uncompressed UTF-8: other files are copied to the scratch folder first, in pieces.

Without a named encoding, UTF-16 and UTF-32 are detected by their first bytes, and Windows-1252 (which contains Latin-1) by
the whole file: only if no line is valid UTF-8 beyond ASCII, and several lines look like Western European words. A file
that mixes encodings is read as UTF-8, so that validation quarantines its other rows.
"""

from __future__ import annotations

import codecs
import gzip
import logging
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from include.core.errors import SourceError
from include.extract.file_options import FileOptions
from include.extract.source_files import SourceFile, file_incomplete_error, file_missing_error

PIECE = 1024 * 1024
MAX_RATIO, FREE_SIZE = 200, 256 * 1024 * 1024
"""A compressed file may expand to `FREE_SIZE` plus `MAX_RATIO` times its size in bytes; real ones expand 5 to 30 times."""
MIN_WESTERN_LINES, MIN_WESTERN_SHARE = 5, 0.9
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_UTF8 = ("utf-8", "utf-8-sig", "ascii")
# Three letters beyond ASCII in a row are another alphabet; five bytes are nothing in Windows-1252.
_NOT_WESTERN = re.compile(rb"[\x80-\xff]{3}|[\x81\x8d\x8f\x90\x9d]")
log = logging.getLogger(__name__)


def plain_file(file: SourceFile, options: FileOptions, scratch: Path | None) -> SourceFile:
    """The file itself if it is UTF-8 and not compressed, else a copy of that kind in `scratch`.

    Bytes that are not text in the file's encoding become U+FFFD, which validation quarantines. Raises `SourceUnavailable`
    for a compressed file without its end, `SourceError` for one that is not gzip or expands beyond reason.
    """
    try:
        if file.name.lower().endswith(".gz"):
            file = file.at(_copied(file, _decompressed(file), scratch, "plain"))
        encoding = options.encoding or _detected(file)
        return file if encoding in _UTF8 else file.at(_copied(file, _decoded(file, encoding), scratch, "utf-8"))
    except FileNotFoundError:
        raise file_missing_error(file.label) from None


def _copied(file: SourceFile, pieces: Iterator[bytes], scratch: Path | None, kind: str) -> Path:
    if scratch is None:
        raise ValueError("reading rows needs a scratch folder")
    path = scratch / kind / f"{file.name}.text"  # DuckDB would decompress a file named .gz.
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as copy:
        copy.writelines(pieces)
    return path


def _decompressed(file: SourceFile) -> Iterator[bytes]:
    limit, size = FREE_SIZE + MAX_RATIO * file.path.stat().st_size, 0
    try:
        with gzip.open(file.path) as content:
            while piece := content.read(PIECE):
                size += len(piece)
                if size > limit:
                    raise _gzip_error(file, f"expands to more than {limit} bytes")
                yield piece
    except EOFError:
        raise file_incomplete_error(file.label, "the end of its gzip stream is missing") from None
    except (gzip.BadGzipFile, zlib.error):
        raise _gzip_error(file, "is not a gzip file, or is damaged") from None


def _gzip_error(file: SourceFile, what: str) -> SourceError:
    return SourceError(f"{what}.", where=file.label, remedy="Export the file again.")


def _pieces(file: SourceFile) -> Iterator[bytes]:
    with file.path.open("rb") as content:
        while piece := content.read(PIECE):
            yield piece


def _decoded(file: SourceFile, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for piece in _pieces(file):
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _detected(file: SourceFile) -> str:
    """The file's encoding, as the name of a codec."""
    with file.path.open("rb") as content:
        start = content.read(4)
    marked = next((encoding for mark, encoding in _BYTE_ORDER_MARKS.items() if start.startswith(mark)), None)
    if marked:
        return marked
    if len(start) == 4 and start[1::2] == b"\0\0" and b"\0" not in start[::2]:
        return "utf-16-le"
    if not _is_western(file):
        return "utf-8"
    log.warning("%s is read as Windows-1252, because it is not UTF-8; name another encoding in the connection", file.label)
    return "cp1252"


def _is_western(file: SourceFile) -> bool:
    """Whether the file is Windows-1252. Reads up to the first line that is valid UTF-8 beyond ASCII."""
    western = other = 0
    with file.path.open("rb") as content:
        for line in iter(lambda: content.readline(PIECE), b""):
            if line.isascii():
                continue
            try:
                line.decode()
            except UnicodeDecodeError:
                is_western = _NOT_WESTERN.search(line) is None
                western, other = western + is_western, other + (not is_western)
            else:
                return False
    return western >= MIN_WESTERN_LINES and western >= MIN_WESTERN_SHARE * (western + other)
