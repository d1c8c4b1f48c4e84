"""A body in MJML: the same values, requirements and errors as in HTML."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from include.core.errors import PlanError
from include.core.paths import PROJECT, TEMPLATES
from include.dispatch.content import Content, render_one
from include.dispatch.content.inspection import inspect_files
from tests.dispatch.content.conftest import ADDRESS, LINKS, Compile, element

SECTION = """\
{% extends "base/layout.mjml.j2" %}
{% block content %}
<mj-section><mj-column>
<mj-text><h1>Hello {{ person.first_name | default("there") }}</h1>{% personal %}{% if person.purchases %}
<b>{{ person.purchases }} orders</b>{% endif %}{% endpersonal %}</mj-text>
<mj-button href="https://shop.example.com/?n={{ person.first_name | default("") }}">Look</mj-button>
<mj-image src="{{ image_url("mark.png") }}" width="32px" height="32px" alt='A "mark"' />
</mj-column></mj-section>
{% endblock %}
{% block why %}You asked for it.{% endblock %}
"""


@pytest.fixture
def compile_mjml(compile_parts: Compile, tmp_path: Path) -> Compile:
    """Compiles a template whose body is the given MJML."""
    shutil.copytree(TEMPLATES / "base", tmp_path / "base")

    def compiled(source: str = SECTION, **given: str | None) -> Content:
        return compile_parts(files={"letter/body.mjml.j2": source}, html=None, **given)

    return compiled


def test_values_are_slots_in_text_attributes_and_blocks(compile_mjml: Compile) -> None:
    content = compile_mjml()
    mail = render_one(content, {**LINKS, "first_name": "<A&B", "purchases": 2})
    assert "Hello &lt;A&amp;B</h1>" in mail.html
    assert "<b>2 orders</b>" in mail.html
    assert 'href="https://shop.example.com/?n=%3CA%26B' in mail.html
    assert element(mail.html, 'img[alt="A \\"mark\\""]').attributes["height"] == "32"
    assert f'href="{LINKS["unsubscribe_url"]}"' in mail.html
    assert ADDRESS in mail.html
    assert "\ue000" not in mail.html
    assert "u{e0" not in mail.html
    assert "fonts.googleapis" not in mail.html
    assert content.warnings == ()


def test_a_text_is_derived_from_it(compile_mjml: Compile) -> None:
    text = render_one(compile_mjml(text=None), {**LINKS, "first_name": "Ada", "purchases": None}).text
    assert "\n\nHello Ada\n" in text
    assert "Look <https://shop.example.com/?n=Ada" in text


def test_it_is_mirrored_and_deterministic(compile_mjml: Compile) -> None:
    content = compile_mjml(locale="ar")
    assert element(content.html, "html").attributes["dir"] == "rtl"
    assert compile_mjml(locale="ar") == content


@pytest.mark.parametrize(
    ("wrong", "line", "said", "remedy"),
    [
        (("<mj-text><h1>", "<mj-txt><h1>"), 4, "MJML has no <mj-txt>", "Did you mean mj-text?"),
        (("<mj-text><h1>", '<mj-text colour="red"><h1>'), 4, "<mj-text> has no attribute colour", "Did you mean color?"),
        (("<mj-text><h1>", '<mj-text align="centre"><h1>'), 4, "of <mj-text> cannot be 'centre'", "Did you mean center?"),
        (("<mj-section><mj-column>", "<mj-section>"), 4, "<mj-text> cannot stand in <mj-section>", "mj-column or mj-hero"),
        (("{% personal %}", "{% personal %}<mj-divider />"), 4, "contains an element of MJML", "mj-raw"),
        (("image_url(", "image_ulr("), 7, "image_ulr is not defined", "Fix that line"),
        (('person.first_name | default("there")', "person.frist"), 4, "person.frist does not exist", "first_name"),
    ],
)  # fmt: skip
def test_mistakes_have_their_line(compile_mjml: Compile, wrong: tuple[str, str], line: int, said: str, remedy: str) -> None:
    with pytest.raises(PlanError, match=said) as raised:
        compile_mjml(SECTION.replace(*wrong))
    assert raised.value.where == f"letter/body.mjml.j2, line {line}"
    assert remedy in raised.value.remedy


EVERYTHING = """\
{% extends "base/layout.mjml.j2" %}
{% block content %}
<mj-text>Hello</mj-text>
<mj-section><mj-column
  vertical-algin="top" direction="rtl">
<p>Hello</p> and more
<mj-image src="https://x.example.com/{{ person.country }}.png" Width="3px" align="{{ person.locale }}" />
<mj-wrapper gap="3px"></mj-wrapper>
<mj-include path="x" />
{% if person.country == "DE" %}<mj-divider color="red" />{% else %}<mj-divider border-colour="red" />{% endif %}
</mj-column></mj-section>
{% endblock %}
"""


def test_all_mistakes_of_a_file_are_found_at_once(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES / "base", tmp_path / "base")
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "body.mjml.j2").write_text(EVERYTHING, encoding="utf-8")
    found = [(one.severity, one.line, one.what.partition(":")[0]) for one in inspect_files(tmp_path, ["letter"])]
    assert found == [
        ("error", 3, "<mj-text> cannot stand in <mj-body>."),
        ("error", 5, "<mj-column> has no attribute vertical-algin."),
        ("error", 6, "<p> cannot stand in <mj-column>."),
        ("error", 6, "text cannot stand in <mj-column>."),
        ("error", 7, "<mj-image> has no attribute Width."),
        ("error", 8, "<mj-wrapper> cannot stand in <mj-column>."),
        ("warning", 8, "gap of <mj-wrapper> has no effect"),
        ("error", 9, "MJML has no <mj-include>."),
        ("error", 10, "<mj-divider> has no attribute color."),
        ("error", 10, "<mj-divider> has no attribute border-colour."),
    ]


def test_elements_are_found_in_a_file_that_jinja_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "body.mjml.j2").write_text("<mjml>\n<mj-txt x=1>\n{% if person. %}", encoding="utf-8")
    assert (2, "MJML has no <mj-txt>.") in [(one.line, one.what) for one in inspect_files(tmp_path, ["letter"])]


@pytest.mark.parametrize(
    "wrong",
    [
        '{% include "letter/card.mjml.j2" %}',
        '{% from "letter/card.mjml.j2" import card %}\n{{ card() }}',
    ],
)
def test_what_files_make_together_is_refused_where_it_is_written(compile_parts: Compile, tmp_path: Path, wrong: str) -> None:
    shutil.copytree(TEMPLATES / "base", tmp_path / "base")
    card = "<mj-text>A</mj-text>\n" + "{% macro card() %}\n<mj-text>A card</mj-text>\n{% endmacro %}"
    body = SECTION.replace("</mj-column></mj", f"</mj-column>{wrong}</mj")
    files = {"letter/card.mjml.j2": card, "letter/body.mjml.j2": body}
    with pytest.raises(PlanError, match="<mj-text> cannot stand in <mj-section>") as raised:
        compile_parts(files=files, html=None)
    assert raised.value.where == f"letter/card.mjml.j2, line {1 if 'include' in wrong else 3}"


def test_what_includes_open_for_each_other_is_allowed(compile_parts: Compile, tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES / "base", tmp_path / "base")
    begin, end = '{% include "letter/begin.mjml.j2" %}', '{% include "letter/end.mjml.j2" %}'
    body = SECTION.replace("<mj-section><mj-column>", begin).replace("</mj-column></mj-section>", end)
    files = {"begin": "<mj-section><mj-column>", "end": "</mj-column></mj-section>", "body": body}
    content = compile_parts(files={f"letter/{name}.mjml.j2": text for name, text in files.items()}, html=None)
    assert "A &quot;mark&quot;" in content.html


def test_a_tag_that_is_not_closed_is_found_at_its_line(compile_mjml: Compile, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="is not valid MJML"):
        compile_mjml(SECTION.replace("</mj-column></mj-section>", "</mj-section>"))
    found = [(one.path.name, one.line, one.what) for one in inspect_files(tmp_path, ["letter"]) if one.severity == "error"]
    assert ("body.mjml.j2", 3, "<mj-column> is not closed.") in found


def test_a_body_in_two_languages_is_refused(compile_parts: Compile) -> None:
    with pytest.raises(PlanError, match="exists beside"):
        compile_parts(files={"letter/body.mjml.j2": SECTION})


def test_the_example_in_the_guide_compiles(compile_mjml: Compile) -> None:
    guide = (PROJECT / "docs" / "templates.md").read_text(encoding="utf-8")
    mail = render_one(compile_mjml(guide.split("```mjml\n")[1].split("```")[0]), {**LINKS, "purchases": 2})
    assert "<p>Thank you for 2 orders.</p>" in mail.html


def test_the_layout_in_mjml_is_sound(tmp_path: Path) -> None:
    assert [one for one in inspect_files(TEMPLATES, ["base"]) if one.severity == "error"] == []
