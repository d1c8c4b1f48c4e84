"""Journey files: what is wrong is named with file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.core.journey_file import journey_names, load_journey
from include.core.journey_mail import load_mail
from include.core.journey_version import inspect_version, load_version, pinned

GOOD = """\
id: tried
name: Tried
owner: marketing
purpose: A journey for tests.
trigger: basket_adds
goal: ordered
mail:
  template: welcome
  sender: {email: news@shop.example.com, name: Shop}
  postal_address: 1 Harbour Street, 20457 Hamburg, Germany
steps:
  - id: pause
    wait: {hours: 1}
  - id: clicked_any
    condition: {query: clicked}
    then: half
    otherwise: nudge
  - id: half
    split:
      arms:
        - {id: a, percent: 50, then: end}
        - {id: b, percent: 50}
  - id: nudge
    mail: {subject: Come back}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "tried.yaml").write_text(text)
    return folder


@pytest.mark.parametrize("name", journey_names())
def test_the_shipped_journeys_are_valid_and_a_kept_definition_is_the_same_version(name: str) -> None:
    version = load_version(name)
    assert pinned(version.definition).version == version.version
    assert all(mail.id == f"{name}__{step}" for step, mail in version.campaigns.items())


def test_the_mail_of_a_step_is_a_campaign_of_the_shared_and_its_own_fields(tmp_path: Path) -> None:
    journey = load_journey("tried", write(tmp_path, GOOD))
    mail = journey.campaign(journey.step("nudge"))
    assert (mail.id, mail.template, mail.variants[0].subject) == ("tried__nudge", "welcome", "Come back")
    assert mail.sender.email == "news@shop.example.com"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("otherwise: nudge", "otherwise: nugde", "Did you mean nudge?"),
        ("otherwise: nudge", "otherwise: nugde", "line 17: steps.1.otherwise: the step 'nugde' does not exist."),
        ("otherwise: nudge", "otherwise: pause", "line 17: steps.1.otherwise: the step 'pause' stands before it"),
        ("then: half", "then: nudge", "line 18: steps.2: no step leads to 'half'"),
        ("id: nudge", "id: half", "the step 'half' exists already"),
        ("then: end}", "then: nowhere}", "line 21: steps.2.split.arms.0.then: the step 'nowhere' does not exist"),
        ("percent: 50}", "percent: 60}", "add up to 100"),
        ("goal: ordered", "goal: orderd", "line 6: goal: there is no query 'orderd'"),
        ("goal: ordered", "goal: orderd", "in include/sql/journey/goals/. Did you mean ordered?"),
        ("{query: clicked}", "{query: clickd}", "line 15: steps.1.condition.query: there is no query 'clickd'"),
        ("{query: clicked}", "{query: clicked, segment: loyal}", "exactly one of segment, feature and query"),
        ("wait: {hours: 1}", "wait: {hours: 1}\n    exit: done", "exactly one of mail, wait, condition, split and exit"),
        ("wait: {hours: 1}", "wait: {hour: 1}", "line 13: steps.0.wait.hour: "),
        ("template: welcome", "template: welcom", "line 8: mail.template: 'welcom' does not exist. Did you mean welcome?"),
        ("template: welcome", "template: welcome\n  topik: news", "line 9: mail.topik: "),
        ("template: welcome", "template: welcome\n  segment: loyal", "line 9: mail.segment: is not a field of a step's"),
        ("template: welcome", "template: welcome\n  approval: required", "line 9: mail.approval: is not a field of a"),
        ("template: welcome", "template: welcome\n  budget: {amount: 5}", "line 9: mail.budget: is not a field of a step's"),
        ("trigger: basket_adds", "trigger: basket_adds\nbudget: {amount: 5}", "line 6: budget: a budget needs the price"),
        ("trigger: basket_adds", "trigger: basket_adds\nbudget: {amount: 5, per: occurrence}", "is per month or year"),
        ("template: welcome", "template: welcome\n  on_doubt: ask", "line 9: mail.on_doubt: 'ask' is not offered"),
        ("{subject: Come back}", "{pace: {daily_cap: none}}", "line 24: steps.3.mail.pace.daily_cap: must be a whole"),
        ("{query: clicked}", "{segment: loyal}", "line 15: steps.1.condition.segment: 'loyal' does not exist"),
        ("{query: clicked}", "{feature: {column: purchase, at_least: 1}}", "Did you mean purchases?"),
        ("id: tried", "id: other", "line 1: id: 'other' is not the file's name. Write id: tried."),
        ("trigger: basket_adds", "trigger: basket_adds\ntriger: x", "line 6"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    _, findings = inspect_version("tried", write(tmp_path, text))
    assert any(words in f"{finding.where}: {finding.what} {finding.remedy}" for finding in findings), findings
    with pytest.raises(ConfigurationError, match=r"tried\.yaml, line \d+"):
        load_version("tried", tmp_path)


def test_the_version_changes_with_the_file_and_its_queries_and_with_nothing_else(tmp_path: Path) -> None:
    version = load_version("tried", write(tmp_path, GOOD)).version
    assert load_version("tried", write(tmp_path, f"# A comment.\n{GOOD}")).version == version
    assert load_version("tried", write(tmp_path, GOOD.replace("hours: 1", "hours: 2"))).version != version
    assert load_version("tried", write(tmp_path, GOOD.replace("goal: ordered\n", ""))).version != version


def test_a_query_must_return_its_columns(tmp_path: Path) -> None:
    for kind, name in (("triggers", "basket_adds"), ("goals", "ordered"), ("conditions", "clicked")):
        (tmp_path / kind).mkdir()
        header = f"-- name: {name}\n-- owner: o\n-- grain: g\n-- params: none\n-- purpose: p\n"
        (tmp_path / kind / f"{name}.sql").write_text(f"{header}select subscriber_id from core.subscribers;\n")
    with pytest.raises(ConfigurationError, match=r"basket_adds\.sql.*columns subscriber_id, trigger_key, happened_at"):
        load_version("tried", write(tmp_path, GOOD), tmp_path)


def test_mail_is_found_by_its_campaign_id() -> None:
    assert load_mail("abandoned_basket__reminder").template == "basket_reminder"
    with pytest.raises(ConfigurationError, match="has no mail step 'gone'"):
        load_mail("abandoned_basket__gone")
