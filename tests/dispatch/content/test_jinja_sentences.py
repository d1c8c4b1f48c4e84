"""Every syntax error of Jinja is said in a writer's words, with what to do."""

from __future__ import annotations

import ast
import inspect

import pytest
from jinja2 import compiler, lexer, parser

from include.dispatch.content.jinja_sentences import of_syntax_error
from include.dispatch.content.jinja_syntax import syntax


def _messages_of_jinja() -> set[str]:
    """The texts with which Jinja's parser, lexer and compiler fail, without those of extensions and of names."""
    found = set[str]()
    for module in (parser, lexer, compiler):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            called = node.func if isinstance(node, ast.Call) else None
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if isinstance(node, ast.Call) and name in ("fail", "TemplateSyntaxError", "Failure") and node.args:
                found.add(_as_raised(node.args[0]))
    return {message for message in found if message and not message.startswith("No ")}


def _as_raised(text: ast.expr) -> str:
    """A text of Jinja's source with x in the place of what it inserts; empty if it is computed."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    texts = [
        part.value if isinstance(part, ast.Constant) else "'x'" if isinstance(text, ast.JoinedStr) else "" for part in parts
    ]
    return "".join(map(str, texts))


def test_an_expression_that_is_not_closed_before_the_file_ends() -> None:
    (problem,) = syntax("body.html.j2", "<p>\n{{ locale ").problems
    said = "the file ends where there should be }}. Write }} where the expression or tag ends."
    assert (problem.line, f"{problem.what} {problem.remedy}") == (2, said)


def test_a_tag_of_another_language_of_templates() -> None:
    (problem,) = syntax("body.html.j2", "{% if locale %}{% elseif language %}{% endif %}").problems
    assert (problem.what, problem.remedy) == ("there is no tag 'elseif'.", "Did you mean elif?")


@pytest.mark.parametrize("message", sorted(_messages_of_jinja()))
def test_every_message_of_jinja_has_a_sentence_of_its_own(message: str) -> None:
    """A new release of Jinja may say something new."""
    what, remedy = of_syntax_error(message)
    assert what != f"{message.rstrip('.')}."
    assert "jinja.palletsprojects.com" not in remedy
