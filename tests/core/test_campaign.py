"""Campaign files: errors name file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.campaign import campaign_names, load_campaign
from include.core.errors import ConfigurationError

VALID = """\
id: spring
name: Spring
owner: marketing
purpose: A campaign for tests.
occurrence: once
segment: newsletter_readers
template: newsletter
sender:
  email: news@shop.example.com
  name: Shop
postal_address: 1 Harbour Street, 20457 Hamburg, Germany
variants:
  - id: a
  - id: b
    weight: 3
"""


def write_campaign(folder: Path, text: str) -> Path:
    (folder / "spring.yaml").write_text(text)
    return folder


def test_the_shipped_campaigns_load() -> None:
    assert {load_campaign(name).id for name in campaign_names()} == {
        "confirm", "confirm_reminder", "newsletter", "welcome", "winback",
    }  # fmt: skip


def test_a_valid_file_loads(tmp_path: Path) -> None:
    campaign = load_campaign("spring", write_campaign(tmp_path, VALID))
    assert [variant.weight for variant in campaign.variants] == [1, 3]
    assert campaign.on_doubt == "skip"


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("postal_address: 1 Harbour Street, 20457 Hamburg, Germany\n", "", "line 1", "postal_address"),
        ("occurrence: once", "occurrence: sometimes", "line 5", "occurrence"),
        ("email: news@shop.example.com", "email: news@shöp", "line 9", "sender.email"),
        ("weight: 3", "weight: 0", "line 15", "variants.1.weight"),
        ("id: b", "id: a", "line 1", "two variants have the same id"),
        ("name: Spring", "nmae: Spring", "line 2", "nmae"),
        ("name: Shop", 'name: "Shop\\r\\nBcc: x"', "line 10", "control character"),
        ("owner: marketing", "owner: [", "line", "is not YAML"),
        ("id: spring", "id: summer", "spring.yaml", "not the file's name"),
        ("template: newsletter", "topic: newss\ntemplate: newsletter", "spring.yaml, line 7", "'newss' does not exist"),
        ("template: newsletter", "topic: newss\ntemplate: newsletter", "spring.yaml, line 7", "Did you mean news?"),
        ("template: newsletter", "topic: marketing\ntemplate: newsletter", "line 7", "declared in shop.yaml: news, offers"),
    ],
)
def test_an_error_names_location_and_field(tmp_path: Path, old: str, new: str, place: str, words: str) -> None:
    assert old in VALID
    with pytest.raises(ConfigurationError) as error:
        load_campaign("spring", write_campaign(tmp_path, VALID.replace(old, new)))
    assert place in str(error.value)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("topic: news", "a confirmation has neither topic nor hold-out"),
        ("hold_out_percent: 5", "a confirmation has neither topic nor hold-out"),
        (
            "follows: {campaign: sprnig, after_days: 3}",
            "line 8: follows.campaign: 'sprnig' does not exist.",
        ),
        ("follows: {campaign: spring, after_days: 0}", "follows.after_days"),
        ("confirm_within_days: 90", "confirm_within_days"),
    ],
)
def test_a_confirmation_rejects_marketing_fields(tmp_path: Path, lines: str, words: str) -> None:
    valid = VALID.replace("occurrence: once", "occurrence: each_signup\nkind: confirmation")
    assert load_campaign("spring", write_campaign(tmp_path, valid)).confirm_within_days == 14
    with pytest.raises(ConfigurationError) as error:
        load_campaign("spring", write_campaign(tmp_path, valid.replace("template: news", f"{lines}\ntemplate: news")))
    assert words in str(error.value)
    with pytest.raises(ConfigurationError, match="its occurrence must be signup or each_signup"):
        load_campaign("spring", write_campaign(tmp_path, valid.replace("each_signup", "week")))
    follower = write_campaign(
        tmp_path, VALID.replace("template: news", "follows: {campaign: spring, after_days: 3}\ntemplate: news")
    )
    with pytest.raises(ConfigurationError, match="follows is only valid for kind: confirmation"):
        load_campaign("spring", follower)


def test_an_unknown_campaign_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Known campaigns: spring"):
        load_campaign("autumn", write_campaign(tmp_path, VALID))
