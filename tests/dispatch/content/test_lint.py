"""Requirements of a mail are checked before a send, and violations are reported with the part's file."""

from __future__ import annotations

import logging

import pytest

from include.core.errors import PlanError
from tests.dispatch.content.conftest import ADDRESS, Compile

WHOLE = '<html lang="en"><body><p>Hi</p>{rest}</body></html>'
OUT = '<a href="{{ unsubscribe_url }}">Unsubscribe</a>'
POST = "<p>{{ postal_address }}</p>"

FILES = {
    "no address in html": ("body.html.j2", WHOLE.format(rest=OUT), "postal address"),
    "address hidden in a comment": (
        "body.html.j2",
        WHOLE.format(rest=OUT + "<!-- {{ postal_address }} -->"),
        "postal address",
    ),
    "no way out in html": ("body.html.j2", WHOLE.format(rest=POST), "unsubscribe link"),
    "way out without words": (
        "body.html.j2",
        WHOLE.format(rest=POST + '<a href="{{ unsubscribe_url }}"></a>'),
        "unsubscribe link",
    ),
    "way out as text": ("body.html.j2", WHOLE.format(rest=POST + "{{ unsubscribe_url }}"), "unsubscribe link"),
    "empty html": ("body.html.j2", "<html><body></body></html>", "empty"),
    "no address in text": ("body.txt.j2", "{{ unsubscribe_url }}", "postal address"),
    "no way out in text": ("body.txt.j2", "{{ postal_address }}", "unsubscribe link"),
    "empty text": ("body.txt.j2", " \n", "empty"),
    "empty subject": ("subject.txt.j2", "  \n", "empty"),
    "an answer": ("subject.txt.j2", "Re: your order", "imitates a reply"),
    "an answer in German": ("subject.txt.j2", "AW: Ihre Bestellung", "imitates a reply"),
    "a forward": ("subject.txt.j2", "Fwd: look", "imitates a reply"),
}


@pytest.mark.parametrize(("file", "source", "said"), FILES.values(), ids=FILES.keys())
def test_required_content(compile_parts: Compile, file: str, source: str, said: str) -> None:
    with pytest.raises(PlanError, match=said) as raised:
        compile_parts(files={f"letter/{file}": source})
    assert raised.value.where == f"letter/{file}"
    assert raised.value.remedy


PIECES = {
    "javascript link": '<a href="javascript:x">a</a>',
    "relative link": '<a href="/sale">a</a>',
    "ftp link": '<a href="ftp://a.example/">a</a>',
    "empty link": '<a href="">a</a>',
    "image without alt": '<img src="https://a.example/a.png">',
    "image from nowhere": '<img src="a.png" alt="">',
    "image inside": '<img src="data:image/png;base64,AA" alt="">',
    "script": "<script>x</script>",
    "form": '<form action="https://a.example/"></form>',
    "handler": '<p onclick="x()">a</p>',
    "frame": '<iframe src="https://a.example/"></iframe>',
    "base": '<base href="https://a.example/">',
}


@pytest.mark.parametrize("source", PIECES.values(), ids=PIECES.keys())
def test_forbidden_content(compile_parts: Compile, source: str) -> None:
    with pytest.raises(PlanError, match=r"^letter/body\.html\.j2, line 4: "):
        compile_parts(f"<p>One</p>\n<p>Two</p>\n{source}")


def test_a_valid_mail_has_no_warnings(compile_parts: Compile) -> None:
    html = (
        '<img src="https://a.example/a.png" alt=""><a href="#top">a</a><a href="mailto:a@b.example">b</a><a name="top">c</a>'
    )
    content = compile_parts(html, subject="Regarding Fwdays")
    assert content.warnings == ()
    assert ADDRESS in content.html


def test_warnings_for_size_subject_and_language(compile_parts: Compile, caplog: pytest.LogCaptureFixture) -> None:
    files = {"letter/body.html.j2": "<html><body>" + "<p>word</p>" * 11_000 + OUT + POST + "</body></html>"}
    with caplog.at_level(logging.WARNING):
        content = compile_parts(files=files, subject="x" * 151)
    assert [warning.split(" ")[1] for warning in content.warnings] == ["HTML", "subject", "HTML"]
    assert "Gmail" in caplog.text


CONFIRM = {"kind": "confirmation", "occurrence": "signup"}
BUTTON = '<a href="{{ confirm_url }}">Yes</a>'


@pytest.mark.parametrize(
    ("campaign", "html", "text", "context", "said"),
    [
        (CONFIRM, BUTTON, "Hello", "letter/body.txt.j2", "lacks the confirmation link"),
        (CONFIRM, "<p>Hello</p>", "{{ confirm_url }}", "letter/body.html.j2", "lacks the confirmation link"),
        ({}, BUTTON, "Hello", "letter/body.html.j2", "contains confirm_url"),
        ({}, "<p>Hello</p>", "{{ confirm_url }}", "letter/body.html.j2", "contains confirm_url"),
        ({}, "{% personal %}{{ confirm_url }}{% endpersonal %}", "Hello", "letter/body.html.j2", "contains confirm_url"),
    ],
)
def test_the_confirmation_link_is_only_in_confirmations(
    compile_parts: Compile, campaign: dict[str, str], html: str, text: str, context: str, said: str
) -> None:
    with pytest.raises(PlanError, match=said) as raised:
        compile_parts(html, text=text, **campaign)
    assert raised.value.where == context
    assert {"confirm_url"} <= compile_parts(BUTTON, text="{{ confirm_url }}", **CONFIRM).fields
