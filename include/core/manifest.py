"""The manifest of a landed batch: what extract writes beside the files, and what validate reads."""

from __future__ import annotations

import hashlib
from typing import NotRequired, TypedDict
from urllib.parse import urlsplit


class LandedFile(TypedDict):
    """One Parquet file of a batch. `name` is relative to the batch's folder."""

    name: str
    rows: int
    sha256: str


class Manifest(TypedDict):
    """One landed batch. Times are ISO 8601 in UTC, `folder` is relative to the data folder.

    `sha256` is over the files' hashes; `full` says whether the pass read the whole source; `since` is where an incremental
    pass started, the earliest of several sources; `watermark` is the newest change up to `landed_at`, None where no row had
    one, and `watermarks` the same for each of several sources. `columns` are the contract's
    columns that the source has, `source_columns` all of its columns with their types in words (empty where a pass does not
    show all), `source_files` the files of a folder, `source` a hash of its address. Older versions did not write the
    optional keys.
    """

    relation: str
    run: str
    folder: str
    rows: int
    full: bool
    files: list[LandedFile]
    sha256: NotRequired[str]
    landed_at: NotRequired[str]
    since: NotRequired[str | None]
    watermark: NotRequired[str | None]
    watermarks: NotRequired[dict[str, str]]
    columns: NotRequired[list[str]]
    source_columns: NotRequired[dict[str, str]]
    source_files: NotRequired[list[str]]
    source: NotRequired[str]


def source_fingerprint(source_url: str) -> str:
    """A short hash of where a source is: kind, host, port and path, without login and options. Equal for the same source."""
    parts = urlsplit(source_url)
    where = f"{parts.scheme}://{parts.hostname or ''}:{parts.port or ''}{parts.path}"
    return hashlib.sha256(where.encode()).hexdigest()[:16]
