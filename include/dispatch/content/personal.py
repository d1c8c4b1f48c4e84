"""The block `{% personal %}…{% endpersonal %}` and what is learnt from a template's syntax before it runs.

A block becomes a Jinja call block: its body is compiled once, as a closure, and called later for each distinct person.
What the body takes from around it (a loop's variable, a macro's argument) is handed over by value, since the closure runs
when the loop is long over.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Undefined, meta, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

from include.dispatch.content import escape, source_location
from include.dispatch.content.environment import MARK_OPEN
from include.dispatch.content.person_proxy import PersonStandIn, Recorded, _Untouchable
from include.dispatch.content.placeholders import Fragment, Marks

OUTPUT, PERSONAL, TICK = "_output", "_personal", "_tick"
_SPECIAL = ("loop", "caller", "self", "super", "varargs", "kwargs")


class PersonalExtension(Extension):
    """Parses the block, and is called by every `{{ … }}` (see syntax.py) to say what becomes of its value."""

    tags = {"personal"}
    person: PersonStandIn
    marks: Marks

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endpersonal",), drop_needle=True)
        return nodes.CallBlock(self.call_method(PERSONAL), [], [], body).set_lineno(line)

    def _output(self, value: Any, place: str, name: str, line: int) -> Any:
        """What `{{ … }}` prints: a mark while compiling, the escaped value inside a fragment."""
        if self.person._now.values is not None:
            return _for_one_person(value, place, name, line)
        if isinstance(value, Recorded):
            return self.marks.add(value, name, line)
        if isinstance(value, _Untouchable):
            value._refuse()
        return value

    def _personal(self, name: str, line: int, place: str, paths: str, *around: Any, caller: Any) -> Markup:
        """A block was reached while compiling: note it."""
        if self.person._now.values is not None:
            raise source_location.refuse("A {% personal %} block stands inside another.", "Close the first one before.")
        _check_around(around, name, line)
        known = frozenset(tuple(path.split(".", 1)) for path in paths.split() if path)
        environment: Any = self.environment
        is_markup = environment.is_markup(name)
        fragment = Fragment(
            caller, around, known, place, is_markup, self.person, environment.budget, source_location.at(name, line)
        )
        return self.marks.add(fragment, name, line)

    def _tick(self) -> str:
        """A loop turns."""
        environment: Any = self.environment
        environment.budget.spend()
        return ""


def _for_one_person(value: Any, place: str, _name: str, _line: int) -> Any:
    if isinstance(value, _Untouchable):
        raise source_location.refuse(
            "A value noted outside the {% personal %} block is used inside it.", "Write person.… in the block itself."
        )
    if isinstance(value, Undefined):
        return str(value)
    if not place:
        raise source_location.refuse(
            "It is not clear where in the HTML this stands.", "Let all branches before it end alike."
        )
    done = escape.escape_markup(value, place) if isinstance(value, Markup) else escape.escape(value, place)
    return Markup(done)  # noqa: S704  (escaped for its place just now)


def _check_around(around: tuple[Any, ...], _name: str, _line: int) -> None:
    for value in around:
        if isinstance(value, Undefined):
            raise source_location.refuse(
                f"{value._undefined_name} is not defined.", "Set it before the {% personal %} block."
            )
        if isinstance(value, str) and MARK_OPEN in value:
            raise source_location.refuse(
                "Text that holds a person's value is used in a {% personal %} block.", "Write person.… in the block."
            )


def is_personal(node: nodes.Node) -> bool:
    """Whether a syntax node is a `{% personal %}` block."""
    if not isinstance(node, nodes.CallBlock):
        return False
    called = node.call.node
    return isinstance(called, nodes.ExtensionAttribute) and called.name == PERSONAL


def taken_from_around(body: list[nodes.Node], environment: Any, included: list[nodes.Template]) -> list[str]:
    """Names that a block reads and does not set itself, sorted, without `person` and what every template knows."""
    inner = nodes.Template(body, lineno=1)
    inner.set_environment(environment)
    names = meta.find_undeclared_variables(inner).union(*(meta.find_undeclared_variables(tree) for tree in included))
    return sorted(names - {"person"})


def special_name(names: list[str]) -> str | None:
    """A name whose value cannot be kept until the block runs."""
    return next((name for name in names if name in _SPECIAL), None)
