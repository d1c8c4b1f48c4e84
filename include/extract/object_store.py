"""S3-compatible object storage as a store of files: `s3://KEY:SECRET@bucket/prefix?endpoint=https://host&region=…`.

Objects are copied to the scratch folder before they are read, so that every pass over a file reads the same bytes.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pyarrow import fs

from include.core.connections import SOURCE
from include.core.errors import ConfigurationError, SourceError, SourceUnavailable
from include.extract.source_files import SourceFile, file_changed_error, file_missing_error

OPTIONS = ("endpoint", "region", "anonymous")
PIECE = 1024 * 1024
CONNECT_SECONDS, ATTEMPTS = 10, 3
# Names of S3's error codes as pyarrow reports them. Everything else may pass.
_PERMANENT = ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_SIGNATURE", "NO_SUCH_BUCKET",
    "UNRECOGNIZED_CLIENT", "INVALID_CLIENT_TOKEN_ID", "MISSING_AUTHENTICATION_TOKEN")  # fmt: skip
_CODE = re.compile(r"AWS Error ([A-Z_]+)(?: \(HTTP status (\d+)\))?")
_REJECTED = ("400", "401", "403", "404")


class Bucket:
    """The objects below a prefix. Their ETags are compared before and after a copy."""

    is_partial = False

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        bucket = parts.netloc.rpartition("@")[2]
        self._root = f"{bucket}/{unquote(parts.path).strip('/')}".rstrip("/")
        self._listed: list[str] | None = None
        self.location = f"s3://{self._root}"
        with self._translated_errors("the connection cannot be opened"):
            self._filesystem = fs.S3FileSystem(
                access_key=unquote(parts.username) if parts.username else None,
                secret_key=unquote(parts.password) if parts.password else None,
                anonymous=options.get("anonymous", "").lower() in ("1", "true", "yes"),
                connect_timeout=CONNECT_SECONDS,
                retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
                region=options.get("region") or None,
                **_endpoint(options.get("endpoint", "")),
            )

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
        """S3's messages name keys and hosts, so only the error's code is reported."""
        try:
            yield
        except FileNotFoundError:
            if label:
                raise file_missing_error(label) from None
            raise self._error(SourceError, f"{what}: the bucket does not exist") from None
        except OSError as error:
            if error.errno is not None and not isinstance(error, (PermissionError, ConnectionError, TimeoutError)):
                raise
            found = _CODE.search(str(error))
            code, status = found.groups() if found else ("no answer", None)
            permanent = code in _PERMANENT or status in _REJECTED or isinstance(error, PermissionError)
            raise self._error(SourceError if permanent else SourceUnavailable, f"{what} ({code})") from None

    def _error(self, kind: type[SourceError], what: str) -> SourceError:
        return kind(
            f"{what}.",
            where=self.location,
            remedy=f"Check bucket, keys, endpoint and region of the connection {SOURCE}.",
        )


def _endpoint(url: str) -> dict[str, str]:
    """The endpoint as arguments of S3FileSystem; none for Amazon's own."""
    if not url:
        return {}
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise ConfigurationError(
            "the option 'endpoint' is not a URL such as https://minio.example:9000.",
            where=f"connection {SOURCE}",
            remedy="Correct it; the bucket belongs into s3://bucket/prefix.",
        )
    return {"scheme": parts.scheme, "endpoint_override": parts.netloc}
