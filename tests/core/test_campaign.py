"""Campaign files: errors name file, line and field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.core.approval import Approval
from include.core.campaign import Campaign
from include.core.campaign_file import campaign_names, chosen_segments, load_campaign
from include.core.errors import ConfigurationError
from include.core.segment_set import describe

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
        "confirm", "confirm_reminder", "newsletter", "still_looking", "summer_sale", "vip_early_access", "welcome",
        "winback",
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
    ("written", "rule"),
    [
        ("required", Approval()),
        ("{people: 2, within: 90m, on_timeout: fail}", Approval(people=2, within="90m", on_timeout="fail")),
        ("{required: false}", None),
    ],
)
def test_an_approval_is_a_word_or_fields(tmp_path: Path, written: str, rule: Approval | None) -> None:
    loaded = load_campaign("spring", write_campaign(tmp_path, f"{VALID}approval: {written}\n"))
    assert loaded.approval_rule == rule
    assert Campaign.model_validate_json(loaded.model_dump_json()).approval_rule == rule


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("requird", "approval: cannot be 'requird'. Did you mean required?"),
        ("yes", "cannot be true (YAML reads yes, no, on and off as true and false: put text into quotes)"),
        ("{peple: 2}", "approval.peple: is not a known field. Did you mean people?"),
        ("{people: 0}", "approval.people: must be at least 1; this is 0."),
        ("{within: 1w}", "approval.within: '1w' is not a time span. Write a number and m, h or d, as in 24h."),
        ("{within: 14d}", "approval.within: is longer than 13 days, and a run of a campaign ends after 14."),
        ("{on_timeout: send}", "approval.on_timeout: cannot be 'send'. Known values: fail, skip."),
    ],
)
def test_an_approval_that_is_neither_is_an_error_with_what_was_meant(tmp_path: Path, written: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_campaign("spring", write_campaign(tmp_path, f"{VALID}approval: {written}\n"))
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


@pytest.mark.parametrize(
    ("segment", "said"),
    [
        ("segment: newsletter_readers", "newsletter_readers"),
        ("segment: engaged( days = 30 )", "engaged(days=30)"),
        ("segment: newsletter_readers\nexclude_segments: [big_spenders]", "newsletter_readers without big_spenders"),
        ("segment: {any: [a, b]}", "a or b"),
        ("segment: {any: [a, b], all: [c], none: [e]}\nexclude_segments: [e, f]", "(a or b) and c without e, f"),
        ("segment: {all: [c]}", "c"),
    ],
)  # fmt: skip
def test_audience_is_a_segment_or_a_combination(tmp_path: Path, segment: str, said: str) -> None:
    campaign = load_campaign("spring", write_campaign(tmp_path, VALID.replace("segment: newsletter_readers", segment)))

    assert str(campaign.segments) == said
    assert describe(json.loads(campaign.model_dump_json())["segment"]) in said


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        ("segment: {none: [a]}", "line 6: segment.*names no segment under any or all"),
        ("segment:\n  any: [a]\n  none: [a]", "line 6: segment.*selects and leaves out a"),
        ("segment: a\nexclude_segments: [a]", "selects and leaves out a"),
        ("segment:\n  any: [a]\n  but: [b]", "line 8: segment.but: is not a known field. Known fields: all, any, none"),
        ("segment:\n  any:\n    - a\n    - B", "line 9: segment.*'B' is not a segment"),
        ("segment: [a, b]", "line 6: segment: must be text; this is a list"),
        ("segment: a(days=x)", "line 6: segment.*'days=x' is not parameter=value"),
    ],
)
def test_wrong_combination_names_line(tmp_path: Path, segment: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        load_campaign("spring", write_campaign(tmp_path, VALID.replace("segment: newsletter_readers", segment)))


def test_chosen_segments_of_the_campaigns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = "segment: {any: [a, engaged(days=30)], none: [c]}"
    write_campaign(tmp_path, VALID.replace("segment: newsletter_readers", choice))
    (tmp_path / "broken.yaml").write_text("id: [")
    monkeypatch.setenv("TRADEWIND_CAMPAIGNS", str(tmp_path))

    assert {str(name) for name in chosen_segments()} == {"a", "engaged(days=30)", "c"}
