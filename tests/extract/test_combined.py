"""Several sources at once: precedence per field, one answer about consent, and where a value comes from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from include.core.errors import ConfigurationError, SourceUnavailable
from include.core.paths import DataPaths
from include.extract import origins
from include.extract.combination import CONSENT, Combination, combination
from include.extract.land import land
from include.extract.sources import relations
from tests.extract.test_sources import landed
from tests.rows import Row, json_source, purchase, sqlite_source, subscriber

NO_ANSWER = dict.fromkeys((*CONSENT, "tracking_consent"))
FILE = """
sources:
  shop: {connection: subscribers_source}
  crm: {connection: crm_source, mapping: crm}
precedence:
  first_name: [crm]
"""


@pytest.fixture
def combine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Combination]:
    """Two sources, an SQLite file and a folder with its own names, as one."""
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "subscribers.sql").write_text("select * exclude (mail), mail as email from subscribers")
    (tmp_path / "sources.yaml").write_text(FILE)
    monkeypatch.setenv("TRADEWIND_SOURCES", str(tmp_path / "sources.yaml"))

    def build(shop: list[Row], crm: list[Row], **others: list[Row]) -> Combination:
        named = [{"mail" if name == "email" else name: value for name, value in row.items()} for row in crm]
        urls = {
            "subscribers_source": sqlite_source(tmp_path / "shop.sqlite", subscribers=shop, **others),
            "crm_source": json_source(tmp_path / "export", compressed=False, subscribers=named),
        }
        for name, url in urls.items():
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", url)
        found = combination(urls.__getitem__)
        assert found is not None
        return found

    return build


def combined(paths: DataPaths, sources: Combination) -> dict[str, Row]:
    """The landed rows by id."""
    rows = landed(
        paths, land(paths, sources, "subscribers", run=f"{len(list(paths.root.rglob('manifest.json')))}", since=None)
    )
    return {str(row["subscriber_id"]): row for row in rows}


def test_each_value_comes_from_the_first_source_that_has_one(paths: DataPaths, combine: Callable[..., Combination]) -> None:
    shop = [subscriber(1, country=None), subscriber(2)]
    crm = [
        subscriber(1, email="crm@example.com", first_name="Augusta", country="DE", updated_at="2025-07-01") | NO_ANSWER,
        subscriber(3, first_name=None),
    ]
    sources = combine(shop, crm)
    rows = combined(paths, sources)
    changed = {"first_name": "Augusta", "country": "DE", "updated_at": "2025-07-01", "unreadable": None}
    assert {name: rows["S1"][name] for name in shop[0]} == shop[0] | {
        name: changed[name] for name in changed if name in shop[0]
    }
    assert {name: rows["S2"][name] for name in shop[1]} == shop[1]
    assert {name: rows["S3"][name] for name in crm[1]} == crm[1]
    found = origins.origins("S1")
    assert {column for column, source in found.items() if source == "crm"} == {"first_name", "country", "updated_at"}
    assert found["email"] == found["status"] == "shop"
    assert "S1" not in str(found)


REFUSED = {"status": "unsubscribed", "consented_at": None}


@pytest.mark.parametrize(
    ("shop", "crm", "status", "wording"),
    [
        ({"consented_at": "2025-05-01"}, REFUSED | {"updated_at": "2025-06-01"}, "unsubscribed", "v1"),
        (REFUSED | {"updated_at": "2025-06-01"}, {"consented_at": "2025-05-01"}, "unsubscribed", "v1"),
        ({"consented_at": "2025-06-01"}, REFUSED | {"updated_at": "2025-06-01"}, "unsubscribed", "v1"),
        ({"consented_at": "2025-06-02"}, REFUSED | {"updated_at": "2025-06-01"}, "subscribed", "v1"),
        ({"consented_at": "soon"}, REFUSED | {"updated_at": "2025-06-01"}, "unsubscribed", "v1"),
        ({}, REFUSED | {"updated_at": "one day"}, "unsubscribed", "v1"),
        ({}, {"status": "aktiv", "updated_at": "2025-06-01"}, "aktiv", "v1"),
        ({"consented_at": "2025-05-01"}, {"consented_at": "2025-05-02", "consent_wording": "v2"}, "subscribed", "v2"),
        ({"consent_wording": None}, NO_ANSWER, "subscribed", None),
    ],
)
def test_the_newest_answer_decides_with_its_own_proof(
    paths: DataPaths, combine: Callable[..., Combination], shop: Row, crm: Row, status: str, wording: str | None
) -> None:
    """What cannot be read as a yes is a no, and the proof of one source never completes that of another."""
    row = combined(paths, combine([subscriber(1) | shop], [subscriber(1) | crm]))["S1"]
    assert (row["status"], row["consent_wording"]) == (status, wording)


def test_one_source_that_refuses_tracking_is_enough(paths: DataPaths, combine: Callable[..., Combination]) -> None:
    rows = combined(paths, combine([subscriber(1)], [subscriber(1, tracking_consent="no")]))
    assert rows["S1"]["tracking_consent"] == "no"


def test_rows_without_an_id_and_unreadable_lines_of_each_source_land(
    paths: DataPaths, tmp_path: Path, combine: Callable[..., Combination]
) -> None:
    sources = combine([subscriber(1), subscriber(2, subscriber_id=None), subscriber(3, subscriber_id=None)], [subscriber(1)])
    with (tmp_path / "export" / "subscribers.jsonl").open("a") as file:
        file.write("oops\n")
    manifest = land(paths, sources, "subscribers", run="r", since=None)
    rows = landed(paths, manifest)
    assert [row["subscriber_id"] for row in rows].count(None) == 3
    assert [row["unreadable"] for row in rows if row["unreadable"]] == ["crm/subscribers.jsonl:2"]
    assert (manifest["full"], manifest["source_files"]) == (True, ["crm/subscribers.jsonl"])


def test_other_relations_are_joined_by_id(paths: DataPaths, combine: Callable[..., Combination]) -> None:
    sources = combine([subscriber(1)], [subscriber(1)], purchases=[purchase(1), purchase(2)])
    assert relations(sources) == ["subscribers", "purchases"]
    rows = landed(paths, land(paths, sources, "purchases", run="r", since=None))
    assert [row["purchase_id"] for row in rows] == ["P1", "P2"]


def test_nothing_lands_if_one_source_is_down(paths: DataPaths, tmp_path: Path, combine: Callable[..., Combination]) -> None:
    sources = combine([subscriber(1)], [subscriber(1)])
    (tmp_path / "export" / "subscribers.jsonl").write_text('{"subscriber_id": "S1", "ema')
    with pytest.raises(SourceUnavailable):
        land(paths, sources, "subscribers", run="r", since=None)
    assert not list(paths.landed.rglob("manifest.json"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FILE.replace("first_name: [crm]", "status: [crm]"), "'status' has no precedence"),
        (FILE.replace("first_name: [crm]", "first_name: [erp]"), "the source 'erp' is unknown"),
        (FILE.replace("subscribers_source", "shop_source"), "first source does not have the connection subscribers_source"),
        (FILE.replace("crm_source", "subscribers_source"), "two sources have the same connection"),
        (FILE.replace("mapping", "maping"), "is not a known field. Did you mean mapping?"),
        (FILE.replace("crm:", "../crm:"), "has no plain name"),
    ],
)
def test_a_wrong_file_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    (tmp_path / "sources.yaml").write_text(text)
    monkeypatch.setenv("TRADEWIND_SOURCES", str(tmp_path / "sources.yaml"))
    with pytest.raises(ConfigurationError, match=message):
        combination(str)


def test_without_the_file_there_is_one_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRADEWIND_SOURCES", raising=False)
    assert combination(str) is None
    with pytest.raises(ConfigurationError, match="There is one source"):
        origins.origins("S1")
