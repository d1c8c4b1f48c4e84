"""The linter: what readers have trouble with is a warning or a hint at its line, and stops nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.finding import Finding
from include.dispatch.content.contrast import contrast
from include.dispatch.content.inspection import inspect_mail
from tests.dispatch.content.conftest import HTML_START, TEXT_END, a_campaign

END = '\n<p><a href="{{ unsubscribe_url }}" style="color: #000">Out</a></p><p>{{ postal_address }}</p>\n</body></html>'
A = '<a href="https://shop.example.com/1" style="color: #000">One</a>'
B = '<a href="https://shop.example.com/2" style="color: #000">Two</a>'
IMAGE = '<img src="https://shop.example.com/a.png" alt="On a platform" width="24" height="24">'
PREHEADER = "A look inside of what is new this week"


def inspect(folder: Path, html: str = "<p>Hello</p>", subject: str = "Three", preheader: str = PREHEADER) -> list[Finding]:
    (folder / "letter").mkdir()
    parts = {"body.html.j2": HTML_START + html + END, "body.txt.j2": "Hello" + TEXT_END}
    for name, text in {**parts, "subject.txt.j2": subject, "preheader.txt.j2": preheader}.items():
        (folder / "letter" / name).write_text(text)
    return inspect_mail(a_campaign(), folder / "letter.yaml", folder)


def test_a_sound_mail_has_no_finding(tmp_path: Path) -> None:
    assert inspect(tmp_path) == []


@pytest.mark.parametrize(
    ("html", "severity", "line", "words"),
    [
        ('<p>a</p>\n<a href="http://shop.example.com/a" style="color: #000">a</a>', "warning", 3, "without encryption"),
        ('<p>a</p>\n<a href="https://shop/a" style="color: #000">a</a>', "warning", 3, "no address of a web page"),
        ('<p>a</p>\n<a href="https://shop example.com" style="color: #000">a</a>', "warning", 3, "no address of a web page"),
        ('<p>a</p>\n<a href="htps://shop.example.com">a</a>', "error", 3, "links to htps://shop.example.com."),
        ('<p>a</p>\n<img src="https://a.example/a.png" width="9" height="9">', "error", 3, "without alt"),
        ('<p>a</p>\n<img src="https://a.example/a.png" alt="a" width="9">', "warning", 3, "without height"),
        ('<p>a</p>\n<img src="https://a.example/a.png" alt="a">', "warning", 3, "without width and height"),
        ('<p>a</p>\n<img src="http://a.example/a.png" alt="a" width="9" height="9">', "warning", 3, "without encryption"),
        ('<p>a</p>\n<img src="https://a.example/a.png" alt="a" width="900" height="9">', "hint", 1, "900 pixels wide (a)"),
        ('<p>a</p>\n<p style="color: #999">Faint</p>', "warning", 3, "'Faint' has a contrast of 2.8 to its background."),
        ('<p>a</p>\n<div style="background: #000"><p>Dark</p></div>', "warning", 3, "'Dark' has a contrast of 1.0"),
        ('<style>.x { color: #777777; background-color: #eee }</style>\n<p class="x">Grey</p>', "warning", 3, "'Grey' has"),
        ("<h1>a</h1>\n<h3>Deep</h3>", "hint", 3, "'Deep' is an h3 after an h1."),
        ("<h1>a</h1>\n<h1>Twice</h1>", "hint", 3, "there is more than one h1."),
        ("<p>a</p>\n<p>You have won</p>", "hint", 3, "'You have won' is a phrase that spam filters weigh."),
        ("<p>a</p>\n<p>Only now!!!</p>", "hint", 3, "'!!!' is a phrase"),
        (
            '<p>a</p>\n<table><tr><td style="background: #fff; padding: 4px 9px"><a href="https://a.example/" '
            'style="color: #000; line-height: 20px">Go there</a></td></tr></table>',
            "hint", 3, "the button 'Go there' is 28 pixels high.",
        ),
        (f"<p>a</p>\n<p>{A} | {B}</p>", "hint", 3, "the links 'One' and 'Two' are small and about 13 pixels apart."),
        (f"<p>a</p>\n<p style='font-size: 12px'>{A}{B}</p>", "hint", 3, "small and about 0 pixels apart."),
        (f"<p>a</p>\n<p>{A}\n&nbsp;·&nbsp; {B}</p>", "hint", 3, "the links 'One' and 'Two' are small"),
        (f"<ul>\n<li>{A}</li>\n<li>{B}</li></ul>", "hint", 3, "the links 'One' and 'Two' are in lines 19 pixels high."),
        (f"<p style='line-height: 20px'>\n{A}<br>\n{B}</p>", "hint", 3, "are in lines 20 pixels high."),
        (f"<div style='font-size: 15px; line-height: 1.4'>\n{A}<br>{B}</div>", "hint", 3, "are in lines 21 pixels high."),
        (f"<p style='margin: 0'>\n{A}</p><p style='margin: 0; padding-top: 2px'>{B}</p>", "hint", 3, "21 pixels high."),
        ('<p>a</p>\n<a href="">b</a>', "error", 3, "links to nothing."),
        ('<p>a</p>\n<a href="#">b</a>', "warning", 3, "links to #, which is not in the mail."),
        ('<p>a</p>\n<a href="#y">b</a><p id="x">c</p>', "warning", 3, "links to #y, which is not in the mail."),
        ("<p>a</p>\n<script>x</script>", "error", 3, "contains <script>."),
        ('<p>a</p>\n<p onclick="x">b</p>', "error", 3, "contains onclick on <p>."),
        ("x" * 110_000, "warning", 1, "Gmail clips mail at 102 KB"),
    ],
)  # fmt: skip
def test_what_is_weak_is_found_at_its_line(tmp_path: Path, html: str, severity: str, line: int, words: str) -> None:
    found = [(one.severity, one.line) for one in inspect(tmp_path, html) if words in one.what]
    assert found == [(severity, line)]


@pytest.mark.parametrize(
    ("html", "subject", "preheader"),
    [
        ('<p style="color: #767676">Enough</p>', "Three", PREHEADER),
        ('<p style="color: #949494; font-size: 24px">Large</p>', "Three", PREHEADER),
        ('<div style="display: none; color: #fff">Hidden</div>', "Three", PREHEADER),
        ("<h1>a</h1><h2>b</h2><h3>c</h3><h2>d</h2>", "Ten percent for {{ person.first_name | default('you') }}", PREHEADER),
        ('<a href="mailto:a@shop.example.com">a</a> or <a href="#x" id="x">b</a>', "NEWS of the week", PREHEADER),
        ('<a href="#top">Up</a>', "Three", PREHEADER),
        (f"<p>Read {A} and {B}. {A}, {B}</p>", "Three", PREHEADER),
        (f"<p>{A}</p><p>{B}</p>", "Three", PREHEADER),
        (f"<p style='line-height: 24px'>{A}<br>{B}</p>", "Three", PREHEADER),
        (f"<p>{A}<br><br>{B}</p><p style='font-size: 1.2em'>{A} {B}</p>", "Three", PREHEADER),
        (f"<p>{A}{20 * '&nbsp;'}{B}</p>", "Three", PREHEADER),
        (
            f"<p>{A.replace('#000', '#000; padding: 4px 0')} | {B.replace('#000', '#000; padding: 4px 0')}</p>",
            "Three",
            PREHEADER,
        ),
        (f"<p>{A.replace('#000', '#000; margin-right: 20px')} {B}</p>", "Three", PREHEADER),
        (f"<p>{A.replace('One', IMAGE)} {B.replace('Two', IMAGE)}</p>", "Three", PREHEADER),
        (f"<p>{A} {A.replace('One', 'The same')}</p>", "Three", PREHEADER),
        (f"<p style='font-size: 1..2px; line-height: 1.2.3; padding: .px'>{A} {B}</p>", "Three", PREHEADER),
        (f"<table><tr><td>{A}</td><td>{B}</td></tr><tr><td>{A}</td></tr></table>", "Three", PREHEADER),
    ],
)
def test_what_is_sound_is_not(tmp_path: Path, html: str, subject: str, preheader: str) -> None:
    assert inspect(tmp_path, html, subject, preheader) == []


@pytest.mark.parametrize(
    ("subject", "preheader", "name", "words"),
    [
        ("a" * 61, PREHEADER, "subject.txt.j2", "about 61 characters; phones show 40."),
        ("a" * 52 + "{{ person.first_name | default('x') }}", PREHEADER, "subject.txt.j2", "about 62 characters"),
        ("LAST CHANCE TODAY, REALLY", PREHEADER, "subject.txt.j2", "is written in capitals."),
        ("Act now", PREHEADER, "subject.txt.j2", "'Act now' is a phrase"),
        ("Three", "", "preheader.txt.j2", "there is no preheader."),
        ("Three", "Short", "preheader.txt.j2", "about 5 characters; phones show 40 to 90."),
        ("Three", "x", "preheader.txt.j2", "about 1 character; phones"),
        ("Three", "a" * 101, "preheader.txt.j2", "about 101 characters"),
    ],
)
def test_the_inbox_line_of_phones(tmp_path: Path, subject: str, preheader: str, name: str, words: str) -> None:
    found = [(one.path.name, one.severity, one.line) for one in inspect(tmp_path, subject=subject, preheader=preheader)]
    assert found == [(name, "hint", 1)]
    assert any(words in one.what for one in inspect_mail(a_campaign(), tmp_path / "letter.yaml", tmp_path))


def test_everything_that_a_mail_lacks_is_found_at_once(tmp_path: Path) -> None:
    inspect(tmp_path)
    (tmp_path / "letter" / "body.html.j2").write_text('<html lang="en"><body><p>Hi</p>\n<a href="/a">b</a></body></html>')
    (tmp_path / "letter" / "body.txt.j2").write_text("Hi")
    found = [one for one in inspect_mail(a_campaign(), tmp_path / "letter.yaml", tmp_path) if one.severity == "error"]
    assert {(one.path.name, one.line, one.what) for one in found} == {
        ("body.html.j2", 1, "lacks the postal address."), ("body.html.j2", 1, "lacks the unsubscribe link."),
        ("body.html.j2", 2, "links to /a."),
        ("body.txt.j2", 1, "lacks the postal address."), ("body.txt.j2", 1, "lacks the unsubscribe link."),
    }  # fmt: skip


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)
