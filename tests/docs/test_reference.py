"""The reference of campaign files and segment columns: complete, up to date, and with examples that are valid."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from include.core.campaign import Campaign
from include.core.campaign_file import campaign_names
from include.core.journey import Journey
from include.core.journey_file import journey_names
from include.core.known_columns import tables
from include.core.paths import CAMPAIGNS, JOURNEYS, PROJECT
from operations import generate_docs, reference
from tests.campaign import _SPRING

PAGES = PROJECT / "docs"


def test_every_field_has_a_description_and_an_example() -> None:
    schemas = {model.__name__: model.model_json_schema() for model in (Campaign, Journey)}
    parts = {**schemas, **schemas["Campaign"]["$defs"], **schemas["Journey"]["$defs"]}
    for model, part in parts.items():
        for name, field in part["properties"].items():
            assert field.get("description", "").endswith("."), f"{model}.{name} needs Field(description='… .')"
            assert field.get("examples"), f"{model}.{name} needs Field(examples=[…])"


@pytest.mark.parametrize("name", Campaign.model_fields)
def test_the_examples_are_valid(name: str) -> None:
    assert [problem for example in Campaign.model_fields[name].examples or [] for problem in problems(name, example)] == []


def problems(name: str, example: Any) -> list[Any]:
    """What is wrong with a field that has the value, apart from how fields fit together."""
    read = yaml.safe_load(yaml.safe_dump({name: example}))
    try:
        Campaign.model_validate({**_SPRING, **read})
    except ValidationError as error:
        return [problem for problem in error.errors() if problem["loc"]]
    return []


def test_pages_and_schema_are_up_to_date() -> None:
    assert (PAGES / "campaigns.md").read_text() == reference.campaigns_page(generate_docs.GENERATED), "run `make docs`"
    segments = (PAGES / "segments.md").read_text()
    assert reference.with_columns(segments) == segments, "run `make docs`"
    assert reference.SCHEMA.read_text() == reference.schema_text(), "run `make docs`"
    assert reference.JOURNEY_SCHEMA.read_text() == reference.journey_schema_text(), "run `make docs`"


def test_every_field_and_column_is_on_its_page() -> None:
    page = (PAGES / "campaigns.md").read_text()
    assert re.findall(r"^## (\w+)$", page, re.MULTILINE) == list(Campaign.model_fields)
    segments = (PAGES / "segments.md").read_text()
    assert all(f"\n| `{column}` | " in segments for table in tables().values() for column in table.columns)


def test_a_page_without_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="end of columns"):
        reference.with_columns("# Writing a segment")


def test_the_shipped_campaigns_name_the_schema_and_no_loader_reads_it() -> None:
    for path in CAMPAIGNS.glob("*.yaml"):
        assert path.read_text().startswith("# yaml-language-server: $schema=campaign.schema.json\n")
    assert "campaign.schema" not in campaign_names()
    schema = json.loads(reference.SCHEMA.read_text())
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) >= {"id", "segment", "sender"}


def test_the_shipped_journeys_name_their_schema_and_are_valid_by_it() -> None:
    schema = json.loads(reference.JOURNEY_SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for name in journey_names():
        text = (JOURNEYS / f"{name}.yaml").read_text()
        assert text.startswith("# yaml-language-server: $schema=journey.schema.json\n")
        assert not list(validator.iter_errors(yaml.safe_load(text)))
    wrong = yaml.safe_load(text) | {"goall": "ordered", "mail": {"topik": "news", "schedule": "0 9 * * *"}}
    assert {error.validator for error in validator.iter_errors(wrong)} == {"additionalProperties"}


def test_editors_turn_findings_into_problems() -> None:
    tasks: dict[str, Any] = json.loads((PROJECT / ".vscode" / "tasks.json").read_text())
    matchers = tasks["tasks"][0]["problemMatcher"]
    line = "include/campaigns/newsletter.yaml:12: error: segment: 'x' does not exist. Did you mean y?"
    match = re.match(matchers[0]["pattern"]["regexp"], line)
    assert match is not None
    assert match.groups() == ("include/campaigns/newsletter.yaml", "12", "error", line.partition("error: ")[2])
    assert re.match(matchers[1]["pattern"]["regexp"], line.replace("error", "hint", 1))
    settings = json.loads((PROJECT / ".vscode" / "settings.json").read_text())
    for schema in settings["yaml.schemas"]:
        assert (PROJECT / schema).is_file()


def test_the_hook_runs_the_check_when_one_of_its_files_is_committed() -> None:
    config = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())
    (hook,) = [hook for hook in config["repos"][0]["hooks"] if hook["id"] == "check"]
    assert hook["entry"].endswith("-m operations.check")
    for path in ("campaigns/newsletter.yaml", "templates/base/layout.html.j2", "sql/segment/definitions/x.sql", "shop.yaml"):
        assert re.search(hook["files"], f"include/{path}")
    assert not re.search(hook["files"], "include/core/campaign.py")
