"""The place of published builds: a folder (`file:///folder`) or a bucket (`s3://bucket/prefix?…`), by one connection.

A place stores bytes under names such as `builds/<build>/analytics.duckdb`. What is written there, in which order and how it
is verified, is the same for both (`include/publish/copies.py`).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, cast
from urllib.parse import parse_qsl, unquote

from include.core.durable import copy_file, sync_file, sync_folder
from include.core.errors import ConfigurationError, PlaceUnavailable, PublishError

PLACE = "published_builds"
"""The connection. Without it, the published folder is the only place."""
PIECE = 8 * 1024 * 1024
REQUEST_SECONDS = 60.0


class Stored(NamedTuple):
    """What a place has under a name, read back: bytes and SHA-256."""

    bytes: int
    sha256: str


class Place(Protocol):
    """Where builds are copied to. Every method raises `PlaceUnavailable` or `PublishError`."""

    location: str
    """The place in messages, without keys."""

    def write(self, source: Path, name: str) -> None:
        """Copy a file to a name, replacing what is there."""

    def fetch(self, name: str, target: Path) -> bool:
        """Copy what a name has to a file; False if there is nothing."""

    def stored(self, name: str) -> Stored | None:
        """Read what a name has; None if there is nothing."""

    def builds(self) -> set[str]:
        """The builds of which the place has something."""

    def remove(self, build: str) -> None:
        """Remove a build."""


def open_place(url: str, *, request_seconds: float = REQUEST_SECONDS) -> Place:
    """The place that a connection's URL names. Raises `ConfigurationError` for another kind of URL."""
    address, _, query = url.partition("?")
    if address.startswith("file://"):
        return FolderPlace(Path(unquote(address.removeprefix("file://"))))
    if address.startswith("s3://"):
        return BucketPlace(address, dict(parse_qsl(query)), request_seconds)
    raise ConfigurationError(
        f"has the type '{address.partition('://')[0]}', which is none of file and s3.",
        where=f"connection {PLACE}",
        remedy="Set it to s3://bucket/prefix or file:///folder (docs/analysts.md#on-another-host), or remove it.",
    )


class FolderPlace:
    """A folder, for instance one that analysts' machines mount. It must exist: a mount that is missing is not created."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.location = folder, str(folder)

    def write(self, source: Path, name: str) -> None:
        target = self._folder / name
        beside = target.with_name(f".{target.name}.tmp")
        with self._translated_errors():
            if not self._folder.is_dir():
                raise FileNotFoundError(self.location)
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_file(source, beside)
            sync_file(beside)
            beside.replace(target)
            sync_folder(target.parent)

    def fetch(self, name: str, target: Path) -> bool:
        with self._translated_errors():
            if not (self._folder / name).is_file():
                return False
            copy_file(self._folder / name, target)
        return True

    def stored(self, name: str) -> Stored | None:
        with self._translated_errors():
            if not (self._folder / name).is_file():
                return None
            with (self._folder / name).open("rb") as content:
                return _digest(content)

    def builds(self) -> set[str]:
        with self._translated_errors():
            return {path.name for path in (self._folder / "builds").glob("*")}

    def remove(self, build: str) -> None:
        with self._translated_errors():
            shutil.rmtree(self._folder / "builds" / build)

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PlaceUnavailable(
                f"cannot be used ({error.strerror}).", where=self.location, remedy=f"Check the connection {PLACE}."
            ) from None


class BucketPlace:
    """Objects below a prefix. A failed write may leave part of one, so nothing counts as written until it is read back."""

    def __init__(self, address: str, options: dict[str, str], request_seconds: float) -> None:
        from include.core.object_storage import OPTIONS, open_storage

        if unknown := sorted(set(options) - set(OPTIONS)):
            raise ConfigurationError(
                f"has the option '{unknown[0]}', which is none of {', '.join(OPTIONS)}.",
                where=f"connection {PLACE}", remedy="Remove it.",
            )  # fmt: skip
        storage = open_storage(address, options, PLACE, request_seconds=request_seconds)
        self._filesystem, self._root, self.location = storage.filesystem, storage.root, storage.location

    def write(self, source: Path, name: str) -> None:
        with (
            source.open("rb") as content,
            self._translated_errors("an object cannot be written"),
            self._filesystem.open_output_stream(f"{self._root}/{name}", compression=None) as target,
        ):
            shutil.copyfileobj(content, target, PIECE)

    def fetch(self, name: str, target: Path) -> bool:
        with self._translated_errors("an object cannot be read"):
            try:
                with self._opened(name) as content, target.open("wb") as copy:
                    shutil.copyfileobj(content, copy, PIECE)
            except FileNotFoundError:
                return False
        return True

    def stored(self, name: str) -> Stored | None:
        with self._translated_errors("an object cannot be read back"):
            try:
                with self._opened(name) as content:
                    return _digest(content)
            except FileNotFoundError:
                return None

    def builds(self) -> set[str]:
        from pyarrow import fs

        with self._translated_errors("the objects cannot be listed"):
            selector = fs.FileSelector(f"{self._root}/builds", allow_not_found=True)
            return {one.base_name for one in self._filesystem.get_file_info(selector)}

    def remove(self, build: str) -> None:
        with self._translated_errors("a build cannot be removed"):
            self._filesystem.delete_dir(f"{self._root}/builds/{build}")

    def _opened(self, name: str) -> BinaryIO:
        return cast("BinaryIO", self._filesystem.open_input_stream(f"{self._root}/{name}", compression=None))

    @contextmanager
    def _translated_errors(self, what: str) -> Iterator[None]:
        """Report only the error's code: S3's messages name keys and hosts."""
        from include.core.object_storage import failure

        try:
            yield
        except OSError as error:
            found = failure(error)
            if found is None and not isinstance(error, FileNotFoundError):
                raise
            code, is_permanent = found or ("NO_SUCH_BUCKET", True)
            raise (PublishError if is_permanent else PlaceUnavailable)(
                f"{what} ({code}).",
                where=self.location,
                remedy=f"Readers have the build before. Check bucket, keys, endpoint and region of the connection {PLACE}.",
            ) from None


def _digest(content: BinaryIO) -> Stored:
    size, digest = 0, hashlib.sha256()
    while piece := content.read(PIECE):
        size += len(piece)
        digest.update(piece)
    return Stored(size, digest.hexdigest())
