"""Every command that starts the services builds the demo shop first, unless another source is configured."""

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
    """Replaces the services: these tests build only the shop."""
    monkeypatch.setattr(launcher, "start_services", lambda *_: None)
    monkeypatch.setattr(airflow_settings, "apply", lambda *_: None)


@pytest.mark.parametrize("command", [["up"], ["trigger", "ingest_subscribers"]])
def test_the_demo_shop_exists_after(command: list[str], paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any) -> None:
        raise ConfigurationError("is unknown.")

    monkeypatch.setattr(trigger, "find_dag", unknown)
    assert main(command) == (0 if command == ["up"] else 1)
    assert relations(f"sqlite:///{demo_shop.shop_file(read_installation())}") == ["subscribers", "purchases", "activities"]


def test_it_is_built_once_and_only_without_another_source(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_building_stops_if_services_fail_to_start(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise TradewindError("did not come up.")

    monkeypatch.setattr(launcher, "start_services", fails)
    with pytest.raises(TradewindError, match="did not come up"):
        demo_shop.start_all(read_installation(), lambda _said: None)
    assert not demo_shop.shop_file(read_installation()).exists()


def test_the_error_for_a_missing_shop_names_the_command_that_builds_it(paths: DataPaths) -> None:
    url = f"sqlite:///{demo_shop.shop_file(read_installation())}"
    with pytest.raises(TradewindError, match="`make up` creates"), open_source(url):
        pass
