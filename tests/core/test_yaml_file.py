"""Files that people write: what an editor, a copy or a slip does to them is found, with its line, in plain words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from include.core import yaml_file
from include.core.errors import ConfigurationError
from include.core.finding import Finding
from include.core.yaml_file import StrictModel

PYDANTIC = re.compile(
    r"Input should|Field required|Extra inputs|String should|valid (string|integer|dictionary|list)|Value error"
)


class Part(StrictModel):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")] = Field(description="An id.", examples=["offer"])
    weight: Annotated[int, Field(gt=0, le=1000)] = Field(default=1, description="A share.", examples=[3])


class Model(StrictModel):
    name: Annotated[str, Field(min_length=1, max_length=5)] = Field(description="A name.", examples=["Ada"])
    kind: Literal["week", "month"] = Field(default="week", description="A kind.", examples=["week"])
    share: Annotated[float, Field(ge=0, lt=100)] = Field(default=0, description="A share.", examples=[10])
    locales: tuple[str, ...] = Field(default=(), description="Languages.", examples=[["en", "de"]])
    parts: tuple[Part, ...] = Field(default=(), description="Parts.", examples=[[{"id": "offer"}]])


def inspect(folder: Path, content: str | bytes) -> list[tuple[str, int, str]]:
    path = folder / "file.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    document = yaml_file.inspect(path, Model, example="docs/x.md")
    return [(one.severity, one.line, f"{one.what} {one.remedy}") for one in document.findings]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("name: Ada\nname: Bob\n", 2, "name: is written twice, first in line 1."),
        ("name: Ada\nparts:\n  - id: a\n    weight: 1\n    weight: 2\n", 5, "weight: is written twice, first in line 4."),
        ("name: Ada\n\tkind: week\n", 2, "is indented with a tab. Indent with spaces."),
        ("name: Ada\nparts:\n- id: a\n   weight: 2\n", 4, "there is a second colon, or the line is indented too far"),
        ("name: Ada\n  kind: week\n", 2, "is not YAML"),
        ("name: Ada: b\n", 1, "is not YAML"),
        ("name: 'Ada\n", 1, "is not YAML: a quote is not closed"),
        ("kind: week\nname: \"Ada\nlocales: [\"de\"]\n", 2, "is not YAML: a quote is not closed. Close the quote."),
        ("kind: week\nname: 'Ada\nlocales: [de]\nother: 'x'\n", 2, "is not YAML: a quote is not closed."),
        ("kind: week\nname: 'Ada's letter'\n", 2, "there is more text after the closing quote. Put all of it into quotes"),
        ("name: \"Ada\n  and Bob\"\nkind week\n", 3, "there is no colon after the field's name"),
        ("name: Ada\nkind:week\nlocales: [de]\n", 2, "there is no space after the colon. Write field: value."),
        ("name: Ada\nlocales:[de, en]\nkind: week\n", 2, "there is no space after the colon."),
        ("name: Ada\nkind:\u00a0week\nlocales: [de]\n", 2, "there is a no-break space. Type an ordinary space"),
        ("name: Ada\nkind week\nlocales: [de]\n", 2, "is not YAML: there is no colon after the field's name"),
        ("name: Ada\nlocales: [de, en\nkind: week\n", 2, "is not YAML: a list in brackets is not closed"),
        ("kind: week\nname: * 9 * * 2\n", 2, "a value starts with * or &, which have a meaning in YAML."),
        ("kind: week\nname: - Ada\n", 2, "is not YAML: a list starts in the line of its name"),
        ("kind: week\nname: > Ada\n", 2, "is not YAML: a value starts with | or >"),
        ("name: [Ada\n", 1, "is not YAML"),
        ("name: @da\n", 1, "is not YAML: a value starts with a character that has a meaning in YAML"),
        ("name: Ada\nkind week\n", 2, "is not YAML: there is no colon after the field's name"),
        ("name: *ada\n", 1, "is not YAML: a value starts with *"),
        ("name: Ada\n---\nname: Bob\n", 2, "is not YAML: there is a second document after ---"),
        ("name: !!python/object:os.system x\n", 1, "is not YAML: a value starts with !"),
        ("name: Ada\n? [a]\n: 3\n", 2, "is not YAML: a name is a list"),
        ("", 1, "is empty."),
        (" \n\n", 1, "is empty."),
        ("# only a comment\n", 1, "holds no fields."),
        ("- name\n", 1, "holds no fields."),
        ("Ada", 1, "holds no fields."),
        (b"kind: week\nname: K\xf6ln\n", 2, "is not UTF-8. Save the file as UTF-8"),
        ("x" * 1_100_000, 1, "is larger than 1024 KB."),
        ("name: " + "[" * 5000, 1, "is "),
        ("name: Ada\nnmae: Bob\n", 2, "nmae: is not a known field. Did you mean name?"),
        ("kind: week\n", 1, "name: is missing. Add name: Ada."),
        ("name: 12\n", 1, "name: must be text; this is 12 (YAML reads a number: put text into quotes)."),
        ("name: Ada\nlocales: [de, no]\n", 2, "locales.1: must be text; this is false (YAML reads yes, no, on and off"),
        ("name: Ada\nlocales: en\n", 2, "a list, as in [one, two]; this is 'en'. Write for example locales: [en, de]."),
        ("name: Ada\nparts: {id: a}\n", 2, "parts: must be a list, as in [one, two]; this is fields."),
        ("name: Ada\nparts:\n  - offer\n", 3, "parts.0: must be fields, indented below it; this is 'offer'."),
        ("name: Ada\nparts:\n  - weight: 2\n", 3, "parts.0.id: is missing. Add id: offer."),
        ("name: Ada\nparts:\n  - id: a\n    wieght: 2\n", 4, "parts.0.wieght: is not a known field. Did you mean weight?"),
        ("name: Ada\nparts:\n  - id: Big Offer\n", 3, "'Big Offer' does not have the right form: lower-case letters"),
        ("name: Ada\nparts:\n  - id: a\n    weight: 0\n", 4, "parts.0.weight: must be more than 0; this is 0."),
        ("name: Ada\nparts:\n  - id: a\n    weight: 2000\n", 4, "must be at most 1000; this is 2000."),
        ("name: Ada\nparts:\n  - id: a\n    weight: two\n", 4, "number; this is 'two'. Write for example weight: 3."),
        ("name: Ada\nshare: 100\n", 2, "share: must be less than 100; this is 100."),
        ("name: Ada\nshare: -1\n", 2, "share: must be at least 0; this is -1."),
        ("name: Ada\nshare: lots\n", 2, "share: must be a number; this is 'lots'."),
        ("name: Ada\nkind: Week\n", 2, "kind: cannot be 'Week'. Did you mean week? Known values: month, week."),
        ("name: Ada\nkind: [week]\n", 2, "kind: cannot be a list. Known values: week, month."),
        ("name: ''\n", 1, "name: is empty."),
        ("name: Ada Lovelace\n", 1, "name: is longer than 5 characters."),
        ("name:\n", 1, "name: must be text; this is nothing."),
    ],
)  # fmt: skip
def test_a_mistake_is_an_error_at_its_line(tmp_path: Path, content: str | bytes, line: int, words: str) -> None:
    found = inspect(tmp_path, content)
    assert [(severity, at) for severity, at, text in found if words in text] == [("error", line)], found
    assert not any(PYDANTIC.search(text) for _, _, text in found)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\ufeffname: Ada\n", "starts with a byte order mark (BOM)."),
        ("name: Ada\r\nkind: week\r\n", "has Windows line ends (CRLF)."),
    ],
)
def test_what_can_be_read_all_the_same_is_a_warning(tmp_path: Path, content: str, words: str) -> None:
    ((severity, line, text),) = inspect(tmp_path, content)
    assert (severity, line) == ("warning", 1)
    assert words in text
    assert yaml_file.read(tmp_path / "file.yaml", Model, example="docs/x.md") == Model(name="Ada")


def test_a_folder_and_an_unreadable_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    (finding,) = yaml_file.inspect(tmp_path / "a.yaml", Model, example="docs/x.md").findings
    assert finding.what == "is a folder, not a file."
    (finding,) = yaml_file.inspect(tmp_path / "b.yaml", Model, example="docs/x.md").findings
    assert finding.what == "cannot be read (No such file or directory)."


def test_all_mistakes_are_found_at_once_and_a_reader_refuses_the_file(tmp_path: Path) -> None:
    found = inspect(tmp_path, "nmae: Ada\nkind: weak\nshare: x\nshare: -1\nparts:\n  - {id: A, weight: 0}\n")
    assert sorted({line for _, line, _ in found}) == [1, 2, 4, 6]
    assert len(found) == 7
    with pytest.raises(
        ConfigurationError, match=r"file\.yaml, line 4: share: is written twice, first in line 3.* 6 more errors"
    ):
        yaml_file.read(tmp_path / "file.yaml", Model, example="docs/x.md")


def test_aliases_that_refer_to_each_other_take_no_time(tmp_path: Path) -> None:
    bomb = "name: Ada\na0: &a0 {x: 1, x: 2}\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)
    )
    found = inspect(tmp_path, bomb + "loop: &loop [*loop]\n")
    assert sum("is written twice" in text for _, _, text in found) == 1
    assert sum("is not a known field" in text for _, _, text in found) == 41


def test_a_value_that_could_be_an_address_is_not_shown(tmp_path: Path) -> None:
    found = inspect(tmp_path, "name: Ada\nshare: ada@example.com\n")
    assert [text for _, _, text in found] == ["share: must be a number; this is a text. Write for example share: 10."]


def test_a_finding_is_a_line_that_editors_turn_into_a_link(tmp_path: Path) -> None:
    finding = Finding("warning", Path("include/shop.yaml"), 3, "is odd.", "Change it.")
    assert str(finding) == "include/shop.yaml:3: warning: is odd. Change it."
    assert str(Finding("error", tmp_path / "x.sql", 1, "is odd.")) == f"{tmp_path}/x.sql:1: error: is odd."
