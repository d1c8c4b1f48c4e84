"""Copies of published builds in a folder and in object storage: complete or not seen, whatever the storage does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import duckdb
import pytest

from include.core.durable import file_sha256
from include.core.errors import ConfigurationError, PlaceUnavailable, PublishError, may_retry
from include.core.paths import DataPaths
from include.ledger.stores import Stores
from include.orchestration import configuration, privacy
from include.orchestration.copies import copy_out as task
from include.publish import copies, file, links, snapshot
from include.publish.copies import copy_in, copy_out
from include.publish.place import Place, open_place
from tests.publish.s3_server import S3, s3_server

OBJECTS = ("/analytics.duckdb", "/manifest.json", "shop/manifest.json")
"""Ends of the names of what is written: the file, its manifest, and the manifest of the current build."""


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with s3_server() as running:
        yield running


@pytest.fixture
def s3(server: S3) -> Iterator[S3]:
    """The server with a new bucket, and without a fault before and after."""
    fresh = server.with_new_bucket()
    fresh.faults.requests.clear()
    yield fresh
    fresh.faults.clear()


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "bucket":
        return open_place(request.getfixturevalue("s3").url())
    (tmp_path / "place").mkdir()
    return open_place(f"file://{tmp_path / 'place'}")


@pytest.fixture
def reader(tmp_path: Path) -> DataPaths:
    """The data folder of another host."""
    return DataPaths(tmp_path / "reader")


def build_of(paths: DataPaths) -> str | None:
    build = snapshot.current_build(paths)
    return build.name if build else None


@pytest.fixture(scope="module")
def published_folders(tmp_path_factory: pytest.TempPathFactory, small_warehouse: Path) -> list[Path]:
    """The published folder after the first, second, third and fourth publish."""
    paths, folders = DataPaths(tmp_path_factory.mktemp("past")), []
    paths.warehouse.parent.mkdir()
    shutil.copy(small_warehouse, paths.warehouse)
    for number in range(1, 5):
        file.publish(paths)
        folders.append(paths.root / f"after_{number}")
        shutil.copytree(paths.published, folders[-1], symlinks=True)
    return folders


Publish = Callable[[DataPaths], str]


@pytest.fixture
def published_again(published_folders: list[Path]) -> Publish:
    """Publishes once more into a data folder, and returns the build."""
    left = iter(published_folders)

    def publish(paths: DataPaths) -> str:
        shutil.rmtree(paths.published, ignore_errors=True)
        shutil.copytree(next(left), paths.published, symlinks=True)
        build = build_of(paths)
        assert build is not None
        return build

    return publish


def require_same(reader: DataPaths, build: str) -> None:
    """The reader has this build, whole, and nothing half-fetched."""
    assert build_of(reader) == build
    path, manifest = reader.published / snapshot.FILE, json.loads((reader.published / snapshot.MANIFEST).read_bytes())
    assert (manifest["build"], manifest["sha256"]) == (build, file_sha256(path))
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select build from about.build").fetchall() == [(build,)]
    assert {one.name for one in (reader.published / "builds").iterdir()} <= {build, previous_of(reader)}


def previous_of(paths: DataPaths) -> str:
    build = snapshot.previous_build(paths)
    return build.name if build else ""


def test_a_reader_fetches_what_was_published(
    paths: DataPaths, published_again: Publish, reader: DataPaths, place: Place
) -> None:
    for number in range(2):
        build = published_again(paths)
        assert copy_out(paths, place) == build
        assert copy_out(paths, place) is None, "it is there already"
        assert copy_in(reader, place) == build
        assert copy_in(reader, place) is None, "it is here already"
        require_same(reader, build)
        assert place.builds() == {build, previous_of(paths)} - {""}
        assert bool(previous_of(reader)) == bool(number)


def test_the_manifest_that_readers_begin_with_is_written_last(paths: DataPaths, published_again: Publish, s3: S3) -> None:
    build = published_again(paths)
    copy_out(paths, open_place(s3.url()))
    written = [path.partition("/shop/")[2] for method, path in s3.faults.requests if method == "PUT"]
    expected = [f"builds/{build}/analytics.duckdb", f"builds/{build}/manifest.json", "manifest.json"]
    assert [name for name in written if not name.endswith("/")] == expected


@pytest.mark.parametrize("kind", ["unavailable", "lost"])
@pytest.mark.parametrize("ends", OBJECTS)
def test_a_failed_write_leaves_readers_the_build_before(
    paths: DataPaths, published_again: Publish, reader: DataPaths, s3: S3, kind: str, ends: str
) -> None:
    """503 to everything about an object, or an object that is acknowledged and not stored. The task is run again."""
    place = open_place(s3.url())
    before = published_again(paths)
    copy_out(paths, place)
    build = published_again(paths)
    match = ends if ends.startswith("shop") else f"{build}{ends}"
    s3.faults.set(kind, match, times=-1 if kind == "unavailable" else 1)
    with pytest.raises(PlaceUnavailable) as failed:
        copy_out(paths, place)
    s3.faults.clear()
    assert may_retry(failed.value)
    assert "s3cr" not in str(failed.value)
    assert "AKIA" not in str(failed.value)
    assert copy_in(reader, place) == before
    require_same(reader, before)
    assert copy_out(paths, place) == build
    assert copy_in(reader, place) == build
    require_same(reader, build)


def test_a_lost_upload_in_parts_is_noticed(s3: S3, tmp_path: Path) -> None:
    """More than ten megabytes are written in parts; the request that joins them is lost."""
    large = tmp_path / "large"
    large.write_bytes(b"\x01" * 12_000_000)
    place = open_place(s3.url())
    s3.faults.set("lost", times=1)
    with pytest.raises(PlaceUnavailable, match="is missing"):
        copies._write(place, large, "large")
    copies._write(place, large, "large")
    assert s3.get("large") == large.read_bytes()


def test_a_few_refusals_are_waited_for(paths: DataPaths, published_again: Publish, reader: DataPaths, s3: S3) -> None:
    build, place = published_again(paths), open_place(s3.url())
    s3.faults.set("unavailable", times=2)
    assert copy_out(paths, place) == build
    s3.faults.set("unavailable", times=2)
    assert copy_in(reader, place) == build
    require_same(reader, build)


def test_slow_storage_is_waited_for(paths: DataPaths, published_again: Publish, reader: DataPaths, s3: S3) -> None:
    build, place = published_again(paths), open_place(s3.url())
    s3.faults.set("slow", seconds=0.1)
    assert copy_out(paths, place) == build
    assert copy_in(reader, place) == build
    require_same(reader, build)


@pytest.mark.parametrize("kind", ["unavailable", "damaged", "removed"])
def test_a_failed_fetch_leaves_the_reader_its_build(
    paths: DataPaths, published_again: Publish, reader: DataPaths, s3: S3, kind: str
) -> None:
    place = open_place(s3.url())
    before = published_again(paths)
    copy_out(paths, place)
    copy_in(reader, place)
    build = published_again(paths)
    copy_out(paths, place)
    name = f"builds/{build}/{snapshot.FILE}"
    whole = s3.get(name)
    assert whole is not None
    if kind == "unavailable":
        s3.faults.set(kind, name)
    elif kind == "damaged":
        s3.put(name, whole[:-1] + bytes([whole[-1] ^ 1]))
    else:
        place.remove(build)
    with pytest.raises(PublishError):
        copy_in(reader, place)
    require_same(reader, before)
    s3.faults.clear()
    for file_name, content in ((name, whole), (f"builds/{build}/manifest.json", s3.get("manifest.json"))):
        s3.put(file_name, content or b"")
    assert copy_in(reader, place) == build
    require_same(reader, build)


def test_an_older_build_replaces_no_newer_one(
    paths: DataPaths, published_again: Publish, reader: DataPaths, place: Place, tmp_path: Path
) -> None:
    """A host that was away copies late, and a reader is told to fetch into a folder that publishes itself."""
    published_again(paths)
    copy_out(paths, place)
    copy_in(reader, place)
    newer = published_again(paths)
    assert copy_in(paths, place) is None
    assert build_of(paths) == newer
    copy_out(paths, place)
    assert copy_out(reader, place) is None
    assert copy_in(reader, place) == newer


def test_two_fetches_at_once_do_not_disturb_each_other(
    paths: DataPaths, published_again: Publish, reader: DataPaths, s3: S3
) -> None:
    build, place = published_again(paths), open_place(s3.url())
    copy_out(paths, place)
    s3.faults.set("slow", seconds=0.1)
    with ThreadPoolExecutor(2) as pool:
        fetched = [pool.submit(copy_in, reader, open_place(s3.url())) for _ in range(2)]
    assert {one.result() for one in fetched} == {build, None}
    require_same(reader, build)


def test_an_unreadable_manifest_is_written_anew(
    paths: DataPaths, published_again: Publish, reader: DataPaths, s3: S3
) -> None:
    build, place = published_again(paths), open_place(s3.url())
    s3.put("manifest.json", b"{")
    with pytest.raises(PublishError, match="manifest cannot be read"):
        copy_in(reader, place)
    assert copy_out(paths, place) == build
    assert copy_in(reader, place) == build


def test_builds_with_rows_of_erased_people_go(
    paths: DataPaths, published_again: Publish, reader: DataPaths, place: Place
) -> None:
    """As an erasure does: publish twice, forget the history, copy out. No older build is left there, nor with readers."""
    for _ in range(2):
        published_again(paths)
        copy_out(paths, place)
        copy_in(reader, place)
    after = {published_again(paths), published_again(paths)}
    links.forget_history(paths)
    copy_out(paths, place)
    copy_in(reader, place)
    assert place.builds() <= after
    assert {build.name for build in (reader.published / "builds").iterdir()} <= after
    assert not (reader.published / "analytics.previous.duckdb").is_symlink()


def test_a_place_without_a_build_and_one_that_is_missing_say_so(
    paths: DataPaths, published_again: Publish, reader: DataPaths, s3: S3
) -> None:
    with pytest.raises(PublishError, match="has no build yet"):
        copy_in(reader, open_place(s3.url()))
    published_again(paths)
    with pytest.raises(PlaceUnavailable, match="cannot be used"):
        copy_out(paths, open_place("file:///no/such/mount"))
    assert not Path("/no").exists()
    missing = s3.url().replace(s3.bucket, "no-such-bucket")
    with pytest.raises(PublishError, match="NO_SUCH_BUCKET") as failed:
        copy_out(paths, open_place(missing))
    assert not may_retry(failed.value)


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://bucket/x?color=red", "s3://bucket/x?endpoint=ftp://host"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="connection published_builds"):
        open_place(url)


def test_the_command_fetches(
    paths: DataPaths,
    published_again: Publish,
    reader: DataPaths,
    s3: S3,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    build = published_again(paths)
    copy_out(paths, open_place(s3.url()))
    monkeypatch.setenv("TRADEWIND_DATA", str(reader.root))
    with pytest.raises(SystemExit, match="AIRFLOW_CONN_PUBLISHED_BUILDS: is not set"):
        copies.main()
    monkeypatch.setenv("AIRFLOW_CONN_PUBLISHED_BUILDS", s3.url())
    caplog.set_level("INFO")
    copies.main()
    copies.main()
    require_same(reader, build)
    assert "Nothing newer is published." in caplog.text


def test_the_task_copies_to_the_place_of_the_connection(
    paths: DataPaths, published_again: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = published_again(paths)
    (tmp_path / "place").mkdir()
    monkeypatch.setenv("TRADEWIND_DATA", str(paths.root))
    monkeypatch.setenv("AIRFLOW_CONN_PUBLISHED_BUILDS", f"file://{tmp_path / 'place'}")
    assert task.function() == build
    assert (tmp_path / "place" / "builds" / build / snapshot.FILE).is_file()


def test_an_erasure_reaches_the_copies(marts: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "place").mkdir()
    monkeypatch.setenv("AIRFLOW_CONN_PUBLISHED_BUILDS", f"file://{tmp_path / 'place'}")
    place = configuration.place()
    assert place is not None
    file.publish(marts)
    assert copy_out(marts, place) == build_of(marts)
    with_the_person = build_of(marts)
    monkeypatch.setattr(privacy, "_request", lambda *_: (None, None))
    monkeypatch.setattr("include.privacy.erase.erase_from_warehouse", lambda *_: {})
    privacy.erase_warehouse(cast("Stores", SimpleNamespace(paths=marts)), "request")
    assert place.builds() == {build_of(marts)}
    assert build_of(marts) != with_the_person
