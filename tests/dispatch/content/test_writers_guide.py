"""Every example of docs/templates.md does what the page says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from include.core.campaign_fields import Variant
from include.core.errors import PlanError
from include.core.paths import PROJECT, TEMPLATES
from include.dispatch.content import PERSON_FIELDS, SAMPLE_PERSON, render_one
from include.dispatch.content.filters import PERSON_FILTERS
from tests.dispatch.content.conftest import LINKS, Compile
from tests.png import png

GUIDE = (PROJECT / "docs" / "templates.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```jinja ([^\n]+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_all_kinds_of_examples_occur() -> None:
    assert {kind for kind, _ in EXAMPLES} == {"body.html.j2", "whole body.html.j2", "refused body.html.j2", "subject"}


@pytest.mark.parametrize(("kind", "source"), EXAMPLES, ids=[source.splitlines()[0][:40] for _, source in EXAMPLES])
def test_examples(compile_parts: Compile, tmp_path: Path, kind: str, source: str) -> None:
    shutil.copytree(TEMPLATES / "base", tmp_path / "base")
    (tmp_path / "letter" / "images").mkdir(parents=True)
    (tmp_path / "letter" / "images" / "hero.png").write_bytes(png(1040, 520))
    if kind.startswith("refused"):
        with pytest.raises(PlanError, match=r"line 2: .*Put what depends on the person between"):
            compile_parts(source)
        return
    content = {
        "body.html.j2": lambda: compile_parts(source),
        "whole body.html.j2": lambda: compile_parts(files={"letter/body.html.j2": source}),
        "subject": lambda: compile_parts(variant=Variant(id="b", subject=source)),
    }[kind]()
    for person in (SAMPLE_PERSON, LINKS):
        shown = render_one(content, person)
        assert shown.subject
        assert "None" not in shown.html


def test_all_fields_and_filters_are_documented() -> None:
    assert all(f".{name}`" in GUIDE or f"`{name}" in GUIDE for name in set(PERSON_FIELDS) - {"attributes"})
    assert all(f"`{name}" in GUIDE for name in PERSON_FILTERS - {"d"})
