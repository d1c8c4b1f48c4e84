"""Copies of published builds in the place that the connection `published_builds` names, and readers that fetch from there.

    builds/<build>/analytics.duckdb, manifest.json
    manifest.json                     that of the current build: readers begin here, and it is written last

Each object is read back after it was written and compared by size and SHA-256, because object storage may acknowledge what
it does not store. Until `manifest.json` is replaced, readers have the build before.
"""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from pathlib import Path

from include.core.connections import database_url, environment_connection
from include.core.durable import file_sha256, sync_file, sync_folder
from include.core.errors import ConfigurationError, PlaceUnavailable, PublishError, TradewindError
from include.core.file_lock import locked
from include.core.paths import DataPaths, data_paths
from include.publish import links, snapshot
from include.publish.place import PLACE, Place, Stored, open_place
from include.publish.snapshot import FILE, MANIFEST, Manifest

log = logging.getLogger(__name__)


def copy_out(paths: DataPaths, place: Place) -> str | None:
    """Copy the current build to the place, verify it, let readers have it, and remove what is older than the one before.

    Returns its name; None if nothing was copied, because the place has it, or a newer one. Raises `PlaceUnavailable` if a
    copy is not what was written, and `PublishError`.
    """
    build = snapshot.require_build(paths)
    manifest = snapshot.read_manifest(build)
    try:
        there = _manifest_of(place)
    except PublishError as error:
        if error.retryable:
            raise
        there = None  # It is unreadable, and written anew.
    if there and there["build"] > manifest["build"]:
        log.warning("%s has a newer build: %s. Nothing was copied.", place.location, there["build"])
        return None
    is_new = not there or there["build"] != manifest["build"]
    if is_new:
        for file in (FILE, MANIFEST):
            _write(place, build / file, f"builds/{build.name}/{file}")
        _write(place, build / MANIFEST, MANIFEST)
        log.info("Copied build %s to %s: %d bytes.", build.name, place.location, manifest["bytes"])
    before = snapshot.previous_build(paths)
    for old in place.builds() - {build.name, before.name if before else ""}:
        place.remove(old)
    return build.name if is_new else None


def copy_in(paths: DataPaths, place: Place) -> str | None:
    """Fetch the place's current build, verify it, and make it the current one here; returns its name.

    None if nothing was fetched, because this folder has it, or a newer one. Builds that the place has no more are removed
    here too: they have rows of persons who were erased since. Raises `PublishError` if the place has no build or its file
    is not that of the manifest, and `PlaceUnavailable`.
    """
    with locked(paths.published / ".fetch.lock"):
        return _copy_in(paths, place)


def _copy_in(paths: DataPaths, place: Place) -> str | None:
    manifest, current = _manifest_of(place), snapshot.current_build(paths)
    if manifest is None:
        raise PublishError("has no build yet.", where=place.location, remedy=snapshot.BUILD_FIRST)
    if current and current.name > manifest["build"]:
        log.warning("%s has an older build than this folder. Nothing was fetched.", place.location)
        return None
    is_new = not current or current.name != manifest["build"]
    if is_new:
        links.point_to(paths, _fetch(paths, place, manifest))
        log.info("Fetched build %s from %s: %d bytes.", manifest["build"], place.location, manifest["bytes"])
    links.keep_only(paths, place.builds() | {manifest["build"]})
    return manifest["build"] if is_new else None


def _write(place: Place, source: Path, name: str) -> None:
    """Copy a file, read it back and compare."""
    place.write(source, name)
    expected, found = Stored(source.stat().st_size, file_sha256(source)), place.stored(name)
    if found != expected:
        what = "is missing" if found is None else f"has {found.bytes} of {expected.bytes} bytes, or others"
        raise PlaceUnavailable(
            f"{what} after it was written.",
            where=f"{place.location}/{name}",
            remedy="Readers have the build before. The task is retried; if it fails again, ask who runs the storage.",
        )


def _manifest_of(place: Place) -> Manifest | None:
    with tempfile.TemporaryDirectory(prefix="tradewind-") as scratch:
        if not place.fetch(MANIFEST, Path(scratch) / MANIFEST):
            return None
        return snapshot.read_manifest(Path(scratch))


def _fetch(paths: DataPaths, place: Place, manifest: Manifest) -> Path:
    """The folder of the fetched build, complete and verified."""
    build = paths.published / "builds" / manifest["build"]
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    try:
        for file in (FILE, MANIFEST):
            if not place.fetch(f"builds/{build.name}/{file}", build / file):
                raise PlaceUnavailable(
                    f"has no {file} of build {build.name}.",
                    where=place.location,
                    remedy="A newer build may have replaced it meanwhile. Fetch again.",
                )
            sync_file(build / file)
        found = Stored((build / FILE).stat().st_size, file_sha256(build / FILE))
        if found != (manifest["bytes"], manifest["sha256"]) or snapshot.read_manifest(build) != manifest:
            raise PublishError(
                "is not the file of its manifest.",
                where=f"{place.location}/builds/{build.name}/{FILE}",
                remedy="Clear the task copy_out of nightly_analytics, and fetch again. The build before is in use here.",
            )
    except BaseException:
        shutil.rmtree(build, ignore_errors=True)
        raise
    for folder in (build, build.parent):
        sync_folder(folder)
    return build


def main() -> None:
    """Fetch from the place that the environment names (`make fetch`)."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        text = environment_connection(PLACE)
        if not text:
            raise ConfigurationError(
                "is not set.", where=f"AIRFLOW_CONN_{PLACE.upper()}", remedy="Set it to s3://bucket/prefix."
            )
        fetched = copy_in(data_paths(), open_place(database_url(PLACE, text)))
    except TradewindError as error:
        sys.exit(f"error: {error}")
    if fetched is None:
        log.info("Nothing newer is published.")


if __name__ == "__main__":
    main()
