"""Campaigns whose content is a dynamic template at SendGrid: what is sent, what is refused, and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from include.core.campaign import Campaign
from include.core.errors import PlanError
from include.core.paths import CAMPAIGNS
from include.dispatch.content import Content, render_one
from include.dispatch.content.dynamic import compile_dynamic
from include.dispatch.content.inspection import inspect_mail
from tests.campaign import a_campaign
from tests.dispatch.content.conftest import LINKS

D = "d-0123456789abcdef0123456789abcdef"
OTHER = "d-ffffffffffffffffffffffffffffffff"


def dynamic(**changed: Any) -> Campaign:
    return a_campaign(**{"template": "", "dynamic_template": D, **changed})


def compiled(campaign: Campaign, locale: str = "en") -> Content:
    return compile_dynamic(campaign, campaign.variants[0], locale)


def test_each_value_is_a_slot_with_its_name(tmp_path: Path) -> None:
    data = {"hello": 'Dear {{ person.first_name | title | default("friend") }}', "orders": "{{ person.purchases or 0 }}"}
    content = compiled(dynamic(dynamic_data=data))
    assert content.data_names == ("hello", "orders", "unsubscribe_url", "preferences_url")
    assert len(content.slots) == 4
    assert content.template_id == D
    text = render_one(content, {**LINKS, "first_name": "ada <&>", "purchases": 2}).text
    assert (
        text
        == f"hello: Dear Ada <&>\norders: 2\nunsubscribe_url: {LINKS['unsubscribe_url']}\npreferences_url: "
        + (LINKS["preferences_url"])
    )


def test_without_data_the_fields_of_the_person_are_there_and_nobody_fails() -> None:
    content = compiled(dynamic())
    assert {"first_name", "purchases", "last_purchased_at", "unsubscribe_url"} <= set(content.data_names)
    assert "first_name: \n" in render_one(content, LINKS).text


def test_the_hash_covers_template_and_data() -> None:
    base = compiled(dynamic()).content_hash
    assert compiled(dynamic()).content_hash == base
    assert compiled(dynamic(dynamic_template=OTHER)).content_hash != base
    assert compiled(dynamic(dynamic_data={"a": "b"})).content_hash != base


def test_each_language_may_have_its_own_template() -> None:
    campaign = dynamic(dynamic_template={"en": D, "de": OTHER}, locales=("en", "de"))
    assert [compiled(campaign, locale).template_id for locale in campaign.locales] == [D, OTHER]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"template": "newsletter"}, "either a template or a dynamic_template"),
        ({"dynamic_template": None}, "either a template or a dynamic_template"),
        ({"dynamic_template": "d-123"}, "pattern"),
        ({"dynamic_template": {"en": D}, "locales": ("en", "de")}, "an id for each of the locales"),
        ({"dynamic_data": {"locale": "x"}}, "locale is always in the data"),
        ({"template": "newsletter", "dynamic_template": None, "dynamic_data": {"a": "b"}}, "is for a dynamic_template"),
        ({"kind": "confirmation", "occurrence": "signup", "topic": None}, "needs a template"),
        ({"variants": [{"id": "a", "subject": "x"}]}, "is at SendGrid"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        dynamic(**changed)


def test_a_wrong_value_is_an_error_at_its_line_and_the_unchecked_content_is_said(tmp_path: Path) -> None:
    values = yaml.safe_load((CAMPAIGNS / "newsletter.yaml").read_text())
    del values["template"]
    values |= {"id": "letter", "dynamic_template": D, "dynamic_data": {"a": "fine", "b": "{{ person.frist_name }}"}}
    path = tmp_path / "letter.yaml"
    path.write_text(yaml.safe_dump(values))
    campaign = Campaign.model_validate(values)
    found = inspect_mail(campaign, path, tmp_path)
    error, hint = sorted(found, key=lambda one: one.severity)
    assert (error.severity, error.what) == ("error", "person.frist_name does not exist.")
    assert "frist_name" in path.read_text().splitlines()[error.line - 1]
    assert (hint.severity, "are not checked here" in hint.what) == ("hint", True)
    assert D in path.read_text().splitlines()[hint.line - 1]
    with pytest.raises(PlanError, match="frist_name"):
        compiled(campaign)
