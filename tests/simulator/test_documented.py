"""docs/simulator.md documents all options, faults, control requests and management calls."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from simulator.__main__ import parser
from simulator.api.management import ROUTES as MANAGEMENT
from simulator.control import ROUTES as CONTROL
from simulator.faults.armed import KINDS, Fault
from simulator.recipients.suppression import LISTS

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
OPTIONS = [option for action in parser()._actions for option in action.option_strings if option.startswith("--")]
FIELDS = [field.name for field in msgspec.structs.fields(Fault)]
LISTED = {f"/v3/suppression/{kind}" for kind in LISTS}
STEMS = {str(route.path).partition("/{")[0].removesuffix("/signed") for route in MANAGEMENT}


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_documented(kind: str) -> None:
    assert f"`{kind}`" in PAGE


@pytest.mark.parametrize("name", [f"`{name}`" for name in FIELDS if name != "kind"])
def test_every_option_of_a_fault_is_documented(name: str) -> None:
    assert name in PAGE


@pytest.mark.parametrize("option", [option for option in OPTIONS if option not in ("--help", "--host")])
def test_every_option_of_the_command_is_documented(option: str) -> None:
    assert option in PAGE


@pytest.mark.parametrize("path", sorted({str(route.path).partition("/{id")[0] for route in CONTROL}))
def test_every_control_request_is_documented(path: str) -> None:
    assert path in PAGE


@pytest.mark.parametrize("path", sorted(stem for stem in STEMS - LISTED if "suppression/" not in stem))
def test_every_management_call_is_documented(path: str) -> None:
    assert path in PAGE
