"""Whatever starts the services has the demo shop there for the first run of a DAG, unless another source is named."""

from __future__ import annotations

from typing import Any

import pytest

from include.core.errors import ConfigurationError, TradewindError
from include.core.paths import DataPaths
from include.extract.sources import open_source, relations
from operations import airflow_settings, demo_shop, launcher, trigger
from operations.__main__ import main
from operations.settings import read_installation


@pytest.fixture(autouse=True)
def services(monkeypatch: pytest.MonkeyPatch, paths: DataPaths) -> None:
    """Airflow stays away: what is looked at here is the shop alone."""
    monkeypatch.setattr(launcher, "start_services", lambda *_: None)
    monkeypatch.setattr(airflow_settings, "apply", lambda *_: None)


@pytest.mark.parametrize("command", [["up"], ["trigger", "ingest_subscribers"]])
def test_a_dag_finds_the_demo_shop_after(command: list[str], paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any) -> None:
        raise ConfigurationError("is unknown.")

    monkeypatch.setattr(trigger, "find_dag", unknown)
    assert main(command) == (0 if command == ["up"] else 1)
    assert relations(f"sqlite:///{demo_shop.shop_file(read_installation())}") == ["subscribers", "purchases"]


def test_it_is_built_once_and_not_where_another_source_is_named(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    shop = demo_shop.shop_file(read_installation())
    monkeypatch.setenv("AIRFLOW_CONN_SUBSCRIBERS_SOURCE", "sqlite:////elsewhere.sqlite")
    demo_shop.start_all(read_installation(), said.append)
    assert (said, shop.exists()) == ([], False)
    monkeypatch.delenv("AIRFLOW_CONN_SUBSCRIBERS_SOURCE")
    shop.parent.mkdir(parents=True)
    shop.write_bytes(b"")
    demo_shop.start_all(read_installation(), said.append)
    assert (said, shop.read_bytes()) == ([], b"")


def test_services_that_do_not_come_up_take_the_building_with_them(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise TradewindError("did not come up.")

    monkeypatch.setattr(launcher, "start_services", fails)
    with pytest.raises(TradewindError, match="did not come up"):
        demo_shop.start_all(read_installation(), lambda _said: None)
    assert not demo_shop.shop_file(read_installation()).exists()


def test_the_error_of_a_shop_that_is_not_there_says_what_builds_it(paths: DataPaths) -> None:
    url = f"sqlite:///{demo_shop.shop_file(read_installation())}"
    with pytest.raises(TradewindError, match="`make up` creates"), open_source(url):
        pass
