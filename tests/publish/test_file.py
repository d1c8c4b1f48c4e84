"""The published file: its content, the checks before it is published, and its atomic replacement."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from include.core.errors import PublishError, WarehouseBusy
from include.core.paths import PROJECT, DataPaths
from include.publish import contents, file, snapshot
from include.publish.contents import MARTS
from include.publish.read_back import verify
from include.warehouse.connection import fetch, open_warehouse


def rows(paths: DataPaths, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(paths.published / "analytics.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def tables(paths: DataPaths) -> int:
    """How many marts the warehouse has."""
    with open_warehouse(paths) as connection:
        found = connection.execute(
            "select count(*) from duckdb_tables() where schema_name = 'marts' and not temporary"
        ).fetchone()
    assert found
    return int(found[0])


def change(paths: DataPaths, statement: str) -> None:
    with open_warehouse(paths) as connection:
        connection.execute(statement)


def test_types_rows_and_comments_of_every_mart_are_published(marts: DataPaths) -> None:
    catalogue = (
        "select table_name, column_name, data_type, comment from duckdb_columns() where schema_name = 'marts' order by all"
    )
    with open_warehouse(marts) as connection:
        source = connection.execute(catalogue).fetchall()
        sends = connection.execute("select sends::varchar from marts.sends as sends order by all").fetchall()
    manifest = file.publish(marts)
    assert rows(marts, catalogue) == source
    assert rows(marts, "select sends::varchar from marts.sends as sends order by all") == sends
    assert rows(marts, "select comment from duckdb_tables() where table_name = 'sends'") == [("Sample of sends.",)]
    assert manifest["tables"]["sends"]["rows"] == len(sends)
    assert len(manifest["tables"]) == tables(marts) >= len(MARTS)


def test_manifest_file_equals_manifest_inside_database(published: DataPaths) -> None:
    beside = json.loads((published.published / "manifest.json").read_text())
    assert rows(published, "select build, schema_version from about.build") == [(beside["build"], beside["schema_version"])]
    inside = {name: (count, digest) for name, count, digest in rows(published, "select * from about.tables")}
    assert inside == {name: (table["rows"], table["content_hash"]) for name, table in beside["tables"].items()}
    assert beside["bytes"] == (published.published / "analytics.duckdb").stat().st_size


def test_every_published_table_and_column_has_a_comment(published: DataPaths) -> None:
    assert rows(published, "select table_name from duckdb_tables() where comment is null") == []
    assert rows(published, "select column_name from duckdb_columns() where not internal and comment is null") == []


def test_publish_keeps_the_previous_build_and_the_last_of_a_day(marts: DataPaths) -> None:
    first = file.publish(marts)
    change(marts, "delete from marts.segment_sizes")
    second, third = file.publish(marts), file.publish(marts)
    assert second["previous"] is not None
    assert third["previous"] is not None
    assert second["previous"]["build"] == first["build"]
    assert second["tables"]["segment_sizes"]["rows"] == 0
    assert contents.same(second["tables"]["sends"], first["tables"]["sends"])
    before = json.loads((marts.published / "manifest.previous.json").read_text())
    assert (before["build"], third["previous"]["sha256"]) == (second["build"], before["sha256"])
    assert (marts.published / "analytics.previous.duckdb").stat().st_size == before["bytes"]
    assert {path.name for path in (marts.published / "builds").iterdir()} == {second["build"], third["build"]}
    (dated,) = marts.dated_builds.iterdir()
    assert dated.resolve().parent.name == third["build"]


def test_views_are_copied_to_tables_and_names_are_quoted(marts: DataPaths) -> None:
    odd = 'marts."a ""b"" select"'
    change(marts, f'create view {odd} as select 1 as "drop table"')
    change(marts, f"comment on view {odd} is 'odd'")
    change(marts, "create table marts.plain (x integer)")
    change(marts, "comment on table marts.plain is 'p'")
    change(marts, "comment on column marts.plain.x is 'x'")
    with pytest.raises(PublishError, match="drop table"):
        file.publish(marts)
    change(marts, f"comment on column {odd}.\"drop table\" is 'it''s odd'")
    file.publish(marts)
    assert rows(marts, f'select "drop table" from {odd}') == [(1,)]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update marts.sends set reason = 'bounced for ann.lee@mail.example' where state = 'capped'", "sends.reason"),
        ("update marts.events set url = 'https://shop.example/?to=ann%40mail.example'", "events.url"),
        ("update marts.events set signals = ['ok', 'Ännchen@größe.example'] where verdict = 'machine'", "events.signals"),
        ("alter table marts.lifecycle add column email varchar", "lifecycle.email"),
        ("create table marts.new_one (x integer)", "new_one.x"),
    ],
)
def test_forbidden_content_fails_and_previous_file_stays_published(marts: DataPaths, statement: str, told: str) -> None:
    first = file.publish(marts)
    change(marts, statement)
    if "email" in statement:
        change(marts, "comment on column marts.lifecycle.email is 'no'")
    with pytest.raises(PublishError, match=told) as caught:
        file.publish(marts)
    assert "ann" not in str(caught.value)
    assert verify(marts)["build"] == first["build"]
    assert [path.name for path in (marts.published / "builds").iterdir()] == [first["build"]]


def test_an_address_in_one_row_is_found_in_every_column_that_can_hold_it(marts: DataPaths) -> None:
    value = "'https://shop.example/?to=ann%40mail.example'"
    with open_warehouse(marts) as connection:
        searched = fetch(connection, "publish", "address_statements", {"database_name": "tradewind"}).to_pylist()
        texts = "select concat(table_name, '.', column_name) from duckdb_columns() where data_type = 'VARCHAR'"
        columns = {name for (name,) in connection.execute(texts).fetchall()}
        for row in searched:
            table, name = row["table_name"], row["qualified_name"]
            if name not in columns or not len(connection.table(f"marts.{table}")):
                continue
            connection.begin()
            place = f"rowid = (select max(rowid) from marts.{table})"
            connection.execute(f"update marts.{table} set {name.partition('.')[2]} = {value} where {place}")
            assert connection.execute(row["table_statement"]).fetchall() == [(1,)], name
            connection.rollback()


def test_names_are_found_by_their_own_row_and_a_common_word_as_name_is_tolerated(marts: DataPaths) -> None:
    people = "select distinct subscriber_id, 'x', 'k', 'Ann' || subscriber_id, 'Lee' from marts.lifecycle"
    change(marts, f"insert into core.identities {people}")
    change(marts, "update core.identities set first_name = 'newsletter' where subscriber_id = 's000007'")
    file.publish(marts)
    change(marts, "update marts.lifecycle set engagement_level = 'ann' || subscriber_id where hash(subscriber_id) % 20 = 0")
    with pytest.raises(PublishError, match=r"lifecycle\.engagement_level"):
        file.publish(marts)


def test_at_sign_outside_an_address_is_published(marts: DataPaths) -> None:
    change(marts, "update marts.events set url = 'https://social.example/@shop/1?price=@9.90' where url is not null")
    assert file.publish(marts)["tables"]["events"]["rows"] > 0


def test_error_without_marts_names_the_dag_to_run(paths: DataPaths) -> None:
    with pytest.raises(PublishError, match="build_marts"):
        file.publish(paths)
    with pytest.raises(PublishError, match="nightly_analytics"):
        verify(paths)


def test_stale_write_ahead_log_is_removed(marts: DataPaths) -> None:
    file.publish(marts)
    (marts.published / "analytics.duckdb.wal").write_bytes(b"belongs to another file")
    with pytest.raises(PublishError, match="write-ahead"):
        verify(marts)
    file.publish(marts)
    assert verify(marts)["tables"] == tables(marts)


def test_reader_keeps_its_snapshot_while_two_builds_are_published(marts: DataPaths) -> None:
    file.publish(marts)
    with snapshot.open_build(snapshot.require_build(marts)) as reader:
        count = reader.execute("select count(*) from marts.sends").fetchall()
        change(marts, "delete from marts.sends")
        file.publish(marts)
        file.publish(marts)
        assert reader.execute("select count(*) from marts.sends").fetchall() == count
        with snapshot.open_build(snapshot.require_build(marts)) as fresh:
            assert fresh.execute("select count(*) from marts.sends").fetchall() == [(0,)]


def test_readers_cannot_reach_other_files(published: DataPaths) -> None:
    with snapshot.open_build(snapshot.require_build(published)) as connection:
        for query in ("from read_csv('/etc/passwd')", "set enable_external_access = true", "attach '/tmp/x.duckdb'"):
            with pytest.raises(duckdb.Error):
                connection.execute(query)


@pytest.mark.parametrize("damage", [*range(1, 8), "truncate", "swap"])
def test_damaged_file_is_detected_and_replaced_by_next_publish(marts: DataPaths, damage: str | int) -> None:
    file.publish(marts)
    change(marts, "delete from marts.segment_changes")
    file.publish(marts)
    target = (marts.published / "analytics.duckdb").resolve()
    content = bytearray(target.read_bytes())
    if isinstance(damage, int):
        content[len(content) * damage // 8] ^= 1
    elif damage == "truncate":
        del content[-4096:]
    else:
        content = bytearray((marts.published / "analytics.previous.duckdb").read_bytes())
    target.write_bytes(content)
    with pytest.raises(PublishError):
        verify(marts)
    file.publish(marts)
    assert verify(marts)["tables"] == tables(marts)
    with snapshot.open_build(snapshot.require_build(marts)) as connection:
        for (table,) in connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall():
            connection.execute(f'from marts."{table}"').fetchall()


def test_two_publishers_do_not_meet(marts: DataPaths) -> None:
    with open_warehouse(marts):
        script = "from include.core.paths import data_paths\nfrom include.warehouse.connection import open_warehouse\n"
        script += "with open_warehouse(data_paths(), wait_seconds=0): pass"
        other = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, env=os.environ, capture_output=True, text=True)
    assert WarehouseBusy.__name__ in other.stderr


def test_failed_write_keeps_previous_file_and_reports_it(marts: DataPaths) -> None:
    first = file.publish(marts)
    script = (
        "import resource\nfrom include.core.paths import data_paths\nfrom include.publish.file import publish\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({first['bytes'] // 2}, {first['bytes'] // 2}))\n"
        "publish(data_paths())"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, env=os.environ, capture_output=True, text=True)
    assert run.stderr.strip().splitlines()[-1].endswith("What was published before is still in place.")
    assert verify(marts)["build"] == first["build"]
    assert [path.name for path in (marts.published / "builds").iterdir()] == [first["build"]]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != first["bytes"] // 2


def test_publish_killed_at_any_step_leaves_a_complete_build_and_next_publish_succeeds(marts: DataPaths) -> None:
    for table in ("sends", "events", "lifecycle"):
        change(marts, f"delete from marts.{table}")
    file.publish(marts)
    file.publish(marts)
    script = Path(__file__).with_name("killed.py")
    run = subprocess.run(
        [sys.executable, str(script)], cwd=PROJECT, env=os.environ, capture_output=True, text=True, timeout=800
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["killed"] > 15
    file.publish(marts)
    assert verify(marts)["tables"] == tables(marts)
    assert len(list((marts.published / "builds").iterdir())) == 2
    assert not list(marts.published.glob(".*"))
