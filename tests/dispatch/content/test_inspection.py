"""What is wrong in the text of a template is found in all its files at once, and refused when a plan is frozen."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from include.core.campaign_fields import Variant
from include.core.errors import PlanError
from include.core.finding import Finding, refuse
from include.dispatch.content import markup
from include.dispatch.content.inspection import inspect_mail, inspect_sources
from include.dispatch.content.translations import outdated
from tests.dispatch.content.conftest import HTML_END, HTML_START, TEXT_END, a_campaign

BODY = "body.html.j2"


def problems(html: str, name: str = BODY) -> list[tuple[int, str, bool]]:
    return [(one.line, f"{one.what} {one.remedy}", one.is_certain) for one in markup.problems(name, html, is_whole=True)]


@pytest.mark.parametrize(
    ("html", "line", "words"),
    [
        ("<p>\n<b>Hi</p>", 2, "<b> is not closed. Write </b> where it ends."),
        ("<table>\n<tr><td>a</td></tr>", 1, "<table> is not closed."),
        ("<p>a</p>\n</div>", 2, "</div> closes nothing."),
        ("{% block content %}\n<div>a{% endblock %}</div>", 2, "<div> is not closed."),
        ("{% macro m() %}\n<a href='https://x.example/'>a{% endmacro %}", 2, "<a> is not closed."),
        ("{% if language == 'de' %}<b>a</b>{% else %}\n<i>b{% endif %}</i></u>\n", 2, ""),
        ("<p>\n<a href=\"https://x.example/>a</a></p>", 2, "the tag <a> does not end."),
        ("<p>a</p\n<p>b</p>", 1, "the tag </p> does not end."),
        ("<p>a</p>\n<!-- b", 2, "the comment is not closed."),
        ("<p>a</p>\n{ button('https://x.example/', 'See') }", 2, "has one brace, so it is printed as it stands."),
        ("<p>a</p>\n{ button('https://x.example/', 'See') }}", 2, "Write {{ button(…) }} with two braces."),
        ("<p>a</p>\n{ person.first_name }", 2, "Write {{ person.first_name }} with two braces."),
        ("<p>a</p>\n{unsubscribe_url}", 2, "Write {{ unsubscribe_url }} with two braces."),
        ("<p>a</p>\n{ person.first_name | title }", 2, "with two braces."),
        ("<p>a</p>\n{ % if true % }", 2, "Write {% and %} without a space."),
    ],
)  # fmt: skip
def test_a_slip_is_an_error_at_its_line(html: str, line: int, words: str) -> None:
    found = problems(html)
    assert any(at == line and words in text and certain for at, text, certain in found) is bool(words), found


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<div>\n<p>Hi</div>", "<p> is not closed."),
        ("<table><tr>\n<td>a</tr></table>", "<td> is not closed."),
        ("<p>Hello\n{first_name}</p>", "To print a value, write {{ person.first_name }}."),
        ("<p>Hello\n{fname}</p>", "To print a value, write {{ person.first_name }}."),
        ("{% include 'a.html.j2' %}\n</div>", "</div> closes nothing."),
    ],
)
def test_what_html_allows_is_a_warning(html: str, words: str) -> None:
    assert [(line, words in text, certain) for line, text, certain in problems(html)] == [(2, True, False)]


@pytest.mark.parametrize(
    "html",
    [
        "<p>a<br>b<br/>c<img src='x'><hr></p>",
        "<td {% if language == 'de' %}class='a'{% endif %}>a</td>",
        "{% if language == 'de' %}<td class='a'>{% else %}<td class='b'>{% endif %}x</td>",
        "{% for x in [1] %}<tr><td>{{ x }}</td></tr>{% endfor %}",
        "<a href='{{ unsubscribe_url }}'>{% personal %}{% if person.country %}<b>a</b>{% endif %}{% endpersonal %}</a>",
        "<!--[if mso]><table><tr><td><![endif]-->a<!--[if mso]></td></tr></table><![endif]-->",
        "<style>\na { color: red }\n.b{margin:0}\n@media (x) { p { y: z } }\n</style><p>a</p>",
        "{% call card('a', 'b', 'c') %}<b>x</b>{% endcall %}",
        "{# { button('a') } <b> #}<p>100 % {}</p>",
        "{% set words = {'en': {'out': 'x'}} %}<p>{{ words['en']['out'] }}</p>",
    ],
)
def test_sound_html_has_no_finding(html: str) -> None:
    assert problems(html) == []


def test_text_files_are_read_for_braces_only() -> None:
    assert problems("a < b </div>\nHello {first_name}", "body.txt.j2")[0][0] == 2
    assert len(problems("a < b </div>\nHello {first_name}", "body.txt.j2")) == 1


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    parts = {BODY: HTML_START + "<p>Hello</p>" + HTML_END, "body.txt.j2": "Hello" + TEXT_END, "subject.txt.j2": "Three\n"}
    (tmp_path / "letter").mkdir()
    for name, text in {**parts, "preheader.txt.j2": "A look inside"}.items():
        (tmp_path / "letter" / name).write_text(text)
    return tmp_path


def inspect(folder: Path, **changed: object) -> list[tuple[str, int, str]]:
    file = folder / "letter.yaml"
    if not file.exists():
        file.write_text("id: letter\nlocales: [en, de]\nvariants:\n  - id: a\n  - id: b\n    subject: x\n")
    found = inspect_mail(a_campaign(**changed), file, folder)
    return [(one.path.name, one.line, f"{one.what} {one.remedy}") for one in found if one.severity == "error"]


def test_a_sound_template_has_no_error(letter: Path) -> None:
    assert inspect(letter) == []


def test_a_locale_without_files_is_an_error_at_its_line(letter: Path) -> None:
    found = inspect(letter, locales=("en", "de"))
    words = "locales.1: the template letter is not written in 'de'. Write subject.de.txt.j2, preheader.de.txt.j2, body"
    assert [(name, line, words in text) for name, line, text in found] == [("letter.yaml", 2, True)]
    assert inspect(letter, locales=("en", "en-GB")) == []
    (letter / "letter" / "subject.de.txt.j2").write_text("Drei")
    for name in ("preheader.txt.j2", "body.txt.j2"):
        path = letter / "letter" / name
        path.write_text("{% if language == 'de' %}Hallo{% endif %}" + path.read_text())
    ((_, _, text),) = inspect(letter, locales=("en", "de"))
    assert "Write body.de.html.j2, or remove the locale." in text


@pytest.mark.parametrize(
    ("subject", "line"), [("One\n  two\n", 2), ("\n\nOne\ntwo", 4), ("{% if true %}One{% endif %}\n\ntwo", 2)]
)
def test_a_line_break_in_a_subject_is_an_error(letter: Path, subject: str, line: int) -> None:
    (letter / "letter" / "subject.txt.j2").write_text(subject)
    ((name, at, text),) = inspect(letter)
    assert (name, at, text.partition(".")[0]) == ("subject.txt.j2", line, "the subject has a line break")
    variants = (Variant(id="a", subject="One"), Variant(id="b", subject="One\ntwo"))
    assert [(name, at) for name, at, _ in inspect(letter, variants=variants)] == [("letter.yaml", 6)]


def test_a_subject_may_have_lines_that_print_nothing(letter: Path) -> None:
    (letter / "letter" / "subject.txt.j2").write_text(
        "{# a\nb #}\n{% if language == 'de' %}\nDrei\n{% else %}\nThree\n{% endif %}\n"
    )
    assert inspect(letter) == []


def test_every_unknown_name_is_found_at_once(letter: Path) -> None:
    html = (
        "<p>{{ person.frist_name }}</p>\n<p>{{ person.first_name | titel }}</p>\n<p>{{ nothing }}</p>\n"
        "<p>{{ first_name }}</p>\n{{ buton('x') }}{% macro button(x) %}{% endmacro %}\n"
    )
    (letter / "letter" / BODY).write_text(HTML_START + html + HTML_END)
    found = {line: text for name, line, text in inspect(letter) if name == BODY}
    assert sorted(found) == [2, 3, 4, 5, 6]
    assert "Did you mean person.first_name?" in found[2]
    assert "there is no filter titel. Did you mean title?" in found[3]
    assert "nothing is not defined." in found[4]
    assert "Did you mean person.first_name?" in found[5]
    assert "Did you mean button?" in found[6]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"K\xf6ln", 1, "is not UTF-8."),
        (b"", 1, "is empty."),
        (b"{% if %}", 1, "there should be an expression"),
        (b"a\n{{ x", 2, ""),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_once(letter: Path, content: bytes, line: int, words: str) -> None:
    (letter / "letter" / "body.txt.j2").write_bytes(content)
    assert [(name, at, words in text) for name, at, text in inspect(letter)] == [("body.txt.j2", line, True)]


def test_a_bomb_ends_as_an_error(letter: Path) -> None:
    bomb = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"
    (letter / "letter" / "preheader.txt.j2").write_text(bomb)
    assert any("does too much work" in text for _, _, text in inspect(letter))


def test_a_plan_is_refused_for_the_same_errors(letter: Path) -> None:
    (letter / "letter" / BODY).write_text(HTML_START + "<div>\n{ button('x') }" + HTML_END)
    with pytest.raises(PlanError, match=r"body\.html\.j2, line 3: .* one brace.* 1 more error: run make check\."):
        refuse(inspect_sources(a_campaign(), letter / "letter.yaml", letter), PlanError)


def commit(folder: Path, at: int) -> None:
    date = {"GIT_COMMITTER_DATE": f"{at} +0000", "GIT_AUTHOR_DATE": f"{at} +0000"}
    name = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["add", "."], [*name, "commit", "-q", "-m", "a"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True, env={**os.environ, **date})


def test_a_translation_that_is_older_than_its_original_is_a_warning(letter: Path) -> None:
    (letter / "letter" / "body.de.html.j2").write_text("Hallo")
    subprocess.run(["git", "init", "-q", str(letter)], check=True)
    commit(letter, 1_700_000_000)
    for path in letter.glob("letter/*"):
        os.utime(path, (1_600_000_000 if ".de." in path.name else 1_800_000_000,) * 2)
    assert list(outdated(letter)) == []
    (letter / "letter" / BODY).write_text("Hello, changed")
    assert [one.path.name for one in outdated(letter)] == ["body.de.html.j2"]
    commit(letter, 1_710_000_000)
    (finding,) = outdated(letter)
    assert (finding.severity, finding.line) == ("warning", 1)
    assert finding.what == "is older than body.html.j2, which was changed on 2024-03-09; this translation on 2023-11-14."
    (letter / "letter" / "body.de.html.j2").write_text("{# checked 2024-03-09 #}Hallo")
    assert list(outdated(letter)) == []


def test_outside_of_git_the_time_of_the_last_edit_counts(letter: Path) -> None:
    translation = letter / "letter" / "body.de.html.j2"
    translation.write_text("Hallo")
    os.utime(translation, (1_700_000_000,) * 2)
    os.utime(letter / "letter" / BODY, (1_700_000_030,) * 2)
    assert list(outdated(letter)) == []
    os.utime(letter / "letter" / BODY, (1_700_100_000,) * 2)
    assert [one.path.name for one in outdated(letter)] == ["body.de.html.j2"]


@pytest.mark.parametrize("placeholder", ["*|FNAME|*", "[[first_name]]", "[[ Contact.Name ]]", "%%name%%"])
def test_a_placeholder_of_another_program_is_a_warning(placeholder: str) -> None:
    assert problems(f"<p>a</p>\n<p>Hello {placeholder}</p>") == [
        (2, f"'{placeholder}' is printed as it stands: it is a placeholder of another program. To print a value, write "
            "{{ person.first_name }}.", False),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["a [[1]] b", "100%% sure, 50%% off", "2 *| 3", "<style>a[href] { b: c }</style>"])
def test_what_looks_a_little_like_a_placeholder_is_text(text: str) -> None:
    assert problems(f"<p>{text}</p>") == []


def test_three_braces_are_said_to_be_two_that_were_meant() -> None:
    found = problems("<p>a</p>\n<p>{{{ person.country }}}</p>")
    assert [(line, "two braces, {{ … }}" in text) for line, text, _ in found] == [(2, True)]


def test_a_finding_is_one_line() -> None:
    finding = Finding("warning", Path("body.html.j2"), 3, "links to https://x.example/>\n<h1>a</h1>.", "Correct it.")
    assert str(finding).endswith(":3: warning: links to https://x.example/> <h1>a</h1>. Correct it.")
