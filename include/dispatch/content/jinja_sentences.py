"""What Jinja's syntax errors mean, and what to do, by Jinja's own words (jinja2/parser.py, lexer.py and compiler.py)."""

from __future__ import annotations

import re

_TOKENS = {
    "end of print statement": "}}",
    "end of statement block": "%}",
    "begin of print statement": "{{",
    "begin of statement block": "{%",
    "end of template": "the end of the file",
    "name": "a name",
    "integer": "a number",
    "float": "a number",
    "string": "a text in quotes",
}
"""Jinja's names of what it reads, and what stands in the file."""
_GOT = re.compile(r"expected (?:token )?'?(.*?)'?, got '(.*)'", re.IGNORECASE)
_ENDS = re.compile(r"unexpected end of template, expected '(.*)'")
_BRACKET = re.compile(r"unexpected '(.)', expected '(.)'")
_UNEXPECTED = re.compile(r"unexpected (?:char )?(['\"])(.*)\1(?: at \d+)?")
_ESCAPED = re.compile(r"\\(.)")
_EQUALS = "To compare, write ==; to set a name, write {% set name = … %}."
_OR = "For or, write or; a filter's name follows a single |."
_STRAIGHT = "Write straight quotes: ' or \"."
_CLOSERS = ("}}", "%}")
_REMEDIES = {
    "&": "For and, write and.",
    "|": _OR,
    "!": "For not, write not.",
    "?": 'Write {{ one if condition else other }}, or | default("…") where there may be no value.',
    "=": _EQUALS,
    "'": "Close the quote; a text that contains ' stands in double quotes.",
    '"': 'Close the quote; a text that contains " stands in single quotes.',
    **dict.fromkeys("“”‘’", _STRAIGHT),
    **dict.fromkeys(_CLOSERS, "Write what is missing before it."),
    "}": "Write }} with two braces.",
    ")": "Remove it, or write the ( that it closes.",
    "]": "Remove it, or write the [ that it closes.",
    ",": "Remove it, or write a value before it.",
}
"""What to do about a sign that cannot stand where it does: what was probably meant, or is missing before it."""
_INSTEAD = {
    "=": _EQUALS,
    "|": _OR,
    "if": "For a further condition, write {% elif … %}.",
    ";": "Write two expressions, each with its own {{ }}.",
}
"""What was probably meant where something else has to follow."""
_OTHERS = (
    ("can't assign to ", "only a name can be set.", "Write a name: {% set name = … %}, {% for name in … %}."),
    ("Block names in Jinja", "the name of a block has a hyphen.", "Write an underscore instead."),
    ("names starting with an underline", "a name that starts with _ cannot be imported.", "Rename the macro."),
    ("non-default argument", "an argument without a default follows one that has one.", "Write those with a default last."),
    ("expected call", "{% call %} calls no macro.", 'Write the macro with its brackets: {% call card("…") %}.'),
    ("You cannot chain multiple tests", "one test with is follows another.", "Write and between them: x is … and x is …."),
    ("expected name or number", "there is no name after the dot.", "Write one, as in person.first_name."),
    ("expected subscript", "nothing stands between the brackets.", "Write a name or number: [0]."),
    (
        "invalid syntax for function call",
        "a plain argument follows a named one.",
        "Write those with a name last: f(2, a=1).",
    ),
    ("tag name expected", "{% %} has no tag.", "Write one, as in {% if … %}, or remove it."),
    ("Required blocks can only", "a required block contains something.", "Empty it: files that extend this one write it."),
    ("cannot use extend from a non top", "{% extends %} stands in a block or condition.", "Write it in the first line."),
    ("extended multiple times", "there are two {% extends %}.", "Keep one of them."),
    ("Can't assign to special loop", "loop is the name of what a loop knows about itself.", "Choose another name."),
    ("When defining macros", "the argument caller has no default.", "Remove it, or write caller=none."),
    ("Invalid character in identifier", "a name has a sign that it cannot have.", "Write letters, digits and underscores."),
    ("Missing end of comment", "a comment is not closed.", "Write #} where it ends."),
    ("Missing end of raw", "{% raw %} is not closed.", "Write {% endraw %} where it ends."),
)
"""By the beginning of the message."""
_INNERMOST = re.compile(r"innermost block that needs to be closed is '(\w+)'")
_UNKNOWN_TAG = re.compile(r"Encountered unknown tag '(\w+)'")
_TWICE = re.compile(r"block '(.*)' defined twice")


def of_syntax_error(message: str) -> tuple[str, str]:
    """What is wrong, and what to do."""
    if innermost := _INNERMOST.search(message):
        return f"{{% {innermost[1]} %}} is not closed.", f"Write {{% end{innermost[1]} %}} where it ends."
    if unknown := _UNKNOWN_TAG.match(message):
        return f"there is no tag '{unknown[1]}' here.", "Remove it, or write what it closes."
    if ends := _ENDS.match(message):
        wanted = _shown(ends[1])
        return f"the file ends where there should be {wanted}.", f"Write {wanted} where the expression or tag ends."
    if got := _GOT.match(message):
        wanted, found = map(_shown, got.groups())
        return f"there should be {wanted} where {found} stands.", _INSTEAD.get(got[2]) or _between(wanted, found)
    if bracket := _BRACKET.match(message):
        return f"there should be {bracket[2]} before {bracket[1]}.", f"Close the bracket: write {bracket[2]}."
    if unexpected := _UNEXPECTED.match(message):
        sign = _shown(_ESCAPED.sub(r"\1", unexpected[2]))
        what = f"{sign} cannot stand here: an expression is not closed, or text is not in quotes."
        return what, _REMEDIES.get(sign) or f"Remove {sign}, or put the text into quotes."
    if twice := _TWICE.match(message):
        return f"there are two blocks {twice[1]}.", f"Rename one; {{{{ self.{twice[1]}() }}}} prints a block again."
    for beginning, what, remedy in _OTHERS:
        if message.startswith(beginning):
            return what, remedy
    return f"{message}.", "See https://jinja.palletsprojects.com/en/stable/templates/."


def _shown(token: str) -> str:
    return _TOKENS.get(token, token)


def _between(wanted: str, found: str) -> str:
    """The remedy where one thing is wanted and another one stands."""
    if found in _CLOSERS:
        return f"Write {wanted} before {found}."
    if (wanted, found) == (":", "}"):
        return "Write a value with two braces, {{ … }}; three begin fields, {name: value}."
    if wanted == "in":
        return "Write the loop as {% for name in list %}."
    if wanted in _CLOSERS:
        return f"Remove {found}, or write an operator such as ~ or and before it; text stands in quotes."
    return f"Write {wanted} there."
