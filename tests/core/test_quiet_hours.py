"""Quiet hours: the campaign's own, the shop's, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from include.core.campaign_file import inspect_campaign, load_campaign
from include.core.errors import ConfigurationError
from include.core.journey_mail import load_mail
from tests.campaign import a_campaign

NIGHT = {"start": 22, "end": 7}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop with quiet hours."""
    shop = tmp_path / "shop.yaml"
    shop.write_text(yaml.safe_dump({**yaml.safe_load(Path("include/shop.yaml").read_text()), "quiet_hours": NIGHT}))
    monkeypatch.setenv("TRADEWIND_SHOP", str(shop))
    return tmp_path


def write(folder: Path, **changed: Any) -> None:
    fields = a_campaign().model_dump(mode="json", exclude_defaults=True)
    (folder / "spring.yaml").write_text(yaml.safe_dump({**fields, **changed}))


def spans(folder: Path, **changed: Any) -> tuple[tuple[int, int], ...] | None:
    write(folder, **changed)
    hours = load_campaign("spring", folder).hours
    return hours.spans if hours else None


def test_a_campaign_has_the_shops_quiet_hours_unless_it_says_otherwise(folder: Path) -> None:
    assert spans(folder) == ((7, 22),)
    assert spans(folder, send_window={"start": 18, "end": 24}) == ((18, 22),)
    assert spans(folder, quiet_hours={"start": 20, "end": 9}) == ((9, 20),)
    assert spans(folder, quiet_hours="none") is None
    assert spans(folder, kind="confirmation", occurrence="signup") is None
    variants = [{"id": "a"}, {"id": "b", "send_window": {"start": 5, "end": 9}}]
    write(folder, variants=variants)
    late = load_campaign("spring", folder).arm("b").hours
    assert late is not None
    assert late.spans == ((7, 9),)


def test_mail_of_journeys_has_the_shops_quiet_hours(folder: Path) -> None:
    hours = load_mail("abandoned_basket__reminder").hours
    assert hours is not None
    assert 23 not in hours


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"send_window": {"start": 0, "end": 6}}, "leave no hour of the send window"),
        ({"quiet_hours": {"start": 7, "end": 7}}, "leaves no hour"),
        ({"quiet_hours": {"start": 9, "end": 20}, "send_window": {"start": 10, "end": 12}}, "leave no hour"),
        ({"quiet_hours": NIGHT, "kind": "confirmation", "occurrence": "signup"}, "people wait for it"),
    ],
)
def test_quiet_hours_that_make_no_sense_are_an_error(folder: Path, changed: dict[str, Any], what: str) -> None:
    write(folder, **changed)
    assert any(what in finding.what for finding in inspect_campaign("spring", folder).findings)
    with pytest.raises(ConfigurationError, match=what):
        load_campaign("spring", folder)
