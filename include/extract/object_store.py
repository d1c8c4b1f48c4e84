"""S3-compatible object storage as a store of files: `s3://KEY:SECRET@bucket/prefix?endpoint=https://host&region=…`.

Objects are copied to the scratch folder before they are read, so that every pass over a file reads the same bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pyarrow import fs

from include.core.connections import SOURCE
from include.core.errors import SourceError, SourceUnavailable
from include.core.object_storage import failure, open_storage
from include.extract.source_files import SourceFile, file_changed_error, file_missing_error

PIECE = 1024 * 1024


class Bucket:
    """The objects below a prefix. Their ETags are compared before and after a copy."""

    is_partial = False

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        self._listed: list[str] | None = None
        self.location = f"s3://{urlsplit(url).netloc.rpartition('@')[2]}"
        with self._translated_errors("the connection cannot be opened"):
            self._filesystem, self._root = storage = open_storage(url, options, SOURCE)
        self.location = storage.location

    def names(self, start: str) -> list[str]:
        if self._listed is None:
            with self._translated_errors("the objects cannot be listed"):
                found = self._filesystem.get_file_info(fs.FileSelector(self._root, allow_not_found=True, recursive=True))
            files = (one.path for one in found if one.type == fs.FileType.File)
            self._listed = [path.removeprefix(f"{self._root}/") for path in files]
        return [name for name in self._listed if name.startswith(start)]

    def fetch(self, name: str, scratch: Path | None) -> SourceFile:
        if scratch is None:
            raise ValueError("reading rows needs a scratch folder")
        path, label = scratch / "objects" / name, f"{self.location}/{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._translated_errors("an object cannot be read", label):
            before = self._etag(name)
            with self._open(name) as content, path.open("wb") as copy:
                shutil.copyfileobj(content, copy, PIECE)
            if self._etag(name) != before:
                raise file_changed_error(label)
        return SourceFile(name, path, label)

    def verify(self, name: str) -> None:
        """A copy does not change."""

    def _open(self, name: str) -> fs.NativeFile:
        return self._filesystem.open_input_stream(f"{self._root}/{name}", compression=None)

    def _etag(self, name: str) -> bytes:
        with self._open(name) as content:
            found: bytes = content.metadata().get("ETag", b"")
        return found

    @contextmanager
    def _translated_errors(self, what: str, label: str | None = None) -> Iterator[None]:
        """Report only the error's code."""
        try:
            yield
        except FileNotFoundError:
            if label:
                raise file_missing_error(label) from None
            raise self._error(SourceError, f"{what}: the bucket does not exist") from None
        except OSError as error:
            found = failure(error)
            if found is None:
                raise
            kind = SourceError if found.is_permanent else SourceUnavailable
            raise self._error(kind, f"{what} ({found.code})") from None

    def _error(self, kind: type[SourceError], what: str) -> SourceError:
        return kind(
            f"{what}.",
            where=self.location,
            remedy=f"Check bucket, keys, endpoint and region of the connection {SOURCE}.",
        )
