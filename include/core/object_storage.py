"""S3-compatible object storage: `s3://KEY:SECRET@bucket/prefix?endpoint=https://host&region=…`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pyarrow import fs

from include.core.errors import ConfigurationError

OPTIONS = ("endpoint", "region", "anonymous")
CONNECT_SECONDS, ATTEMPTS = 10, 3
# Names of S3's error codes as pyarrow reports them. Everything else may pass.
_PERMANENT = ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_SIGNATURE", "NO_SUCH_BUCKET",
    "UNRECOGNIZED_CLIENT", "INVALID_CLIENT_TOKEN_ID", "MISSING_AUTHENTICATION_TOKEN")  # fmt: skip
_CODE = re.compile(r"AWS Error ([A-Z_]+)(?: \(HTTP status (\d+)\))?")
_REJECTED = ("400", "401", "403", "404")


class Storage(NamedTuple):
    """The objects below a prefix: pyarrow's client, and `bucket/prefix` as it names paths."""

    filesystem: fs.S3FileSystem
    root: str

    @property
    def location(self) -> str:
        """The prefix in messages, without keys."""
        return f"s3://{self.root}"


class Failure(NamedTuple):
    """Why a request failed: S3's code, and whether another try fails as well."""

    code: str
    is_permanent: bool


def open_storage(url: str, options: Mapping[str, str], connection: str, *, request_seconds: float | None = None) -> Storage:
    """Open the prefix that a URL names; no request is made. `connection` names the connection in errors.

    `request_seconds`: how long an answer may take, three seconds by default. Raises `ConfigurationError` for an endpoint
    that is not a URL, and the client's `OSError`.
    """
    parts = urlsplit(url)
    filesystem = fs.S3FileSystem(
        access_key=unquote(parts.username) if parts.username else None,
        secret_key=unquote(parts.password) if parts.password else None,
        anonymous=options.get("anonymous", "").lower() in ("1", "true", "yes"),
        connect_timeout=CONNECT_SECONDS,
        request_timeout=request_seconds,
        allow_delayed_open=True,  # a small object is one request
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        region=options.get("region") or None,
        **_endpoint(options.get("endpoint", ""), connection),
    )
    bucket = parts.netloc.rpartition("@")[2]
    return Storage(filesystem, f"{bucket}/{unquote(parts.path).strip('/')}".rstrip("/"))


def failure(error: OSError) -> Failure | None:
    """Why a request failed; None if the error is one of this machine, such as a full disk.

    S3's messages name keys and hosts, so only the code may be reported.
    """
    if error.errno is not None and not isinstance(error, (PermissionError, ConnectionError, TimeoutError)):
        return None
    found = _CODE.search(str(error))
    code, status = found.groups() if found else ("no answer", None)
    return Failure(code, code in _PERMANENT or status in _REJECTED or isinstance(error, PermissionError))


def _endpoint(url: str, connection: str) -> dict[str, str]:
    """The endpoint as arguments of S3FileSystem; none for Amazon's own."""
    if not url:
        return {}
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise ConfigurationError(
            "the option 'endpoint' is not a URL such as https://minio.example:9000.",
            where=f"connection {connection}",
            remedy="Correct it; the bucket belongs into s3://bucket/prefix.",
        )
    return {"scheme": parts.scheme, "endpoint_override": parts.netloc}
