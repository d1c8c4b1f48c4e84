"""Rules across the fields of a file: all broken ones are reported at once, also beside fields that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.campaign_file import inspect_campaign
from include.core.journey_file import inspect_journey
from include.core.paths import CAMPAIGNS, JOURNEYS

PLAIN = """\
id: letter
name: Letter
owner: marketing
purpose: A test.
segment: engaged
template: newsletter
sender: {email: news@shop.example.com, name: Harbour Records}
postal_address: Harbour Records Ltd, 14 Quay Street, Bristol BS1 4QA
occurrence: signup
"""


def errors(folder: Path, changed: str) -> list[tuple[int, str]]:
    (folder / "letter.yaml").write_text(PLAIN + changed, encoding="utf-8")
    return [(finding.line, f"{finding.what} {finding.remedy}") for finding in inspect_campaign("letter", folder).findings]


MANY = """\
exclude_segments: [engaged]
budget: {amount: 10, per: month}
dynamic_data: {first_name: x}
winner: {metric: human_click, test_percent: 20, after_hours: 24}
follows: {campaign: newsletter, after_days: 3}
"""


def test_all_broken_rules_are_reported_at_once(tmp_path: Path) -> None:
    found = errors(tmp_path, MANY)
    for line, words in (
        (10, "exclude_segments: selects and leaves out engaged. Correct that field."),
        (11, "budget: a budget needs the price of a mail: cost_per_thousand."),
        (12, "dynamic_data: is for a dynamic_template."),
        (13, "winner: a winner needs two variants or more."),
        (13, "winner: mail that an event triggers has no rest for a winner."),
        (14, "follows: follows is only valid for kind: confirmation."),
    ):
        assert any(each[0] == line and each[1].startswith(words) for each in found), words
    assert len(found) == 6


def test_a_wrong_field_hides_only_the_rules_that_read_it(tmp_path: Path) -> None:
    found = errors(tmp_path, MANY + "priority: many\nvariants: {id: a}\n")
    said = [what for _, what in found]
    assert any(what.startswith("priority: must be a whole number") for what in said)
    assert any(what.startswith("variants: must be a list") for what in said)
    assert any(what.startswith("budget: a budget needs the price") for what in said)
    assert any(what.startswith("follows: follows is only valid") for what in said)
    assert not any(what.startswith("winner:") for what in said), "the variants are not known"


@pytest.mark.parametrize("shipped", sorted(path.stem for path in CAMPAIGNS.glob("*.yaml")))
def test_what_is_right_in_a_file_with_a_broken_rule_can_be_checked_further(tmp_path: Path, shipped: str) -> None:
    source = (CAMPAIGNS / f"{shipped}.yaml").read_text(encoding="utf-8")
    (tmp_path / f"{shipped}.yaml").write_text(f"{source}\ndynamic_data: {{first_name: x}}\n", encoding="utf-8")
    document = inspect_campaign(shipped, tmp_path)
    assert document.model is None
    assert document.stand_in is not None
    assert document.replaced == {"dynamic_data"}


def test_a_wrong_field_of_a_journey_hides_neither_its_ways_nor_its_mails(tmp_path: Path) -> None:
    source = (JOURNEYS / "welcome_series.yaml").read_text(encoding="utf-8")
    step = "  - {id: extra, mail: {template: welcom, priority: high, on_doubt: ask, kind: marketing}, then: nowhere}\n"
    begin = source.index("steps:\n") + len("steps:\n")
    (tmp_path / "welcome_series.yaml").write_text(f"ownr: me\n{source[:begin]}{step}{source[begin:]}", encoding="utf-8")
    said = [finding.what for finding in inspect_journey("welcome_series", tmp_path).findings]
    for words in (
        "ownr: is not a known field.",
        "steps.0.then: the step 'nowhere' does not exist.",
        "steps.0.mail.kind: is not a field of a step's mail.",
        "steps.0.mail.priority: must be a whole number",
        "steps.0.mail.on_doubt: 'ask' is not offered in a journey.",
        "steps.0.mail.template: 'welcom' does not exist.",
    ):
        assert any(what.startswith(words) for what in said), (words, said)
    assert len(said) == 6


def test_all_broken_rules_of_the_steps_of_a_journey_are_reported_at_once(tmp_path: Path) -> None:
    source = (JOURNEYS / "welcome_series.yaml").read_text(encoding="utf-8")
    name = "welcome_series"
    steps = "  - {id: wrong, wait: {hours: 1}, exit: done, otherwise: end}\n"
    split = "  - {id: parts, split: {arms: [{id: a, percent: 50}, {id: a, percent: 60}]}}\n"
    begin = source.index("steps:\n") + len("steps:\n")
    (tmp_path / f"{name}.yaml").write_text(source[:begin] + steps + split + source[begin:], encoding="utf-8")
    said = [finding.what for finding in inspect_journey(name, tmp_path).findings]
    assert said == [
        "steps.0: a step has exactly one of mail, wait, condition, split and exit.",
        "steps.0.otherwise: only a condition has otherwise.",
        "steps.1.split: the percentages of a split add up to 100.",
        "steps.1.split.arms.1.id: two arms have the same id.",
    ]
