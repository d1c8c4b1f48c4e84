"""The block `{% personal %}…{% endpersonal %}` as a Jinja extension.

A block becomes a Jinja call block: its body is compiled once, as a closure, and called later per distinct combination of
values. Variables from outside the block (a loop variable, a macro's argument) are captured by value, since the closure runs
after the loop has ended.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Undefined, meta, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

from include.dispatch.content import escape, source_location
from include.dispatch.content.environment import PLACEHOLDER_OPEN
from include.dispatch.content.person_proxy import PersonProxy, RecordedExpression, _CompileTimeValue
from include.dispatch.content.placeholders import Fragment, Placeholders

OUTPUT, PERSONAL, COUNT_ITERATION, MADE = "_output", "_personal", "_count_iteration", "_made"
_SPECIAL = ("loop", "caller", "self", "super", "varargs", "kwargs")


class PersonalExtension(Extension):
    """Parses the block, and handles the value of every `{{ … }}` (see syntax.py)."""

    tags = {"personal"}
    person: PersonProxy
    placeholders: Placeholders

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endpersonal",), drop_needle=True)
        return nodes.CallBlock(self.call_method(PERSONAL), [], [], body).set_lineno(line)

    def _output(self, value: Any, context: str, name: str, line: int) -> Any:
        """The output of `{{ … }}`: a placeholder during compilation, the escaped value inside a block."""
        self._made(value)
        if self.person._current.values is not None:
            return _for_one_person(value, context, name, line)
        if isinstance(value, RecordedExpression):
            return self.placeholders.add(value, name, line)
        if isinstance(value, _CompileTimeValue):
            value._reject_use()
        return value

    def _personal(self, name: str, line: int, number: int, context: str, paths: str, *captured: Any, caller: Any) -> Markup:
        """Record a block that is reached during compilation."""
        if self.person._current.values is not None:
            raise source_location.template_error("A {% personal %} block is inside another.", "Close the first one before.")
        _check_captured(captured, name, line)
        known = frozenset(tuple(path.split(".", 1)) for path in paths.split() if path)
        environment: Any = self.environment
        is_markup = environment.is_markup(name)
        fragment = Fragment(
            caller,
            captured,
            known,
            context,
            is_markup,
            self.person,
            environment.budget,
            source_location.format_location(name, line),
            number,
        )
        return self.placeholders.add(fragment, name, line)

    def _count_iteration(self, characters: int) -> str:
        """Count an iteration of a loop that prints so many characters of its own."""
        environment: Any = self.environment
        environment.budget.spend(characters)
        return ""

    def _made(self, value: Any) -> Any:
        """Count the characters of a value, which is printed or joined with others."""
        environment: Any = self.environment
        environment.budget.made(value)
        return value


def _for_one_person(value: Any, context: str, _name: str, _line: int) -> Any:
    if isinstance(value, _CompileTimeValue):
        raise source_location.template_error(
            "A value recorded outside the {% personal %} block is used inside it.", "Write person.… in the block itself."
        )
    if isinstance(value, Undefined):
        return str(value)
    if not context:
        raise source_location.template_error(
            "The position of this value in the HTML is ambiguous.", "Let all branches before it end at the same position."
        )
    done = escape.escape_markup(value, context) if isinstance(value, Markup) else escape.escape(value, context)
    return Markup(done)  # noqa: S704  (escaped for its context just now)


def _check_captured(captured: tuple[Any, ...], _name: str, _line: int) -> None:
    for value in captured:
        if isinstance(value, Undefined):
            raise source_location.template_error(
                f"{value._undefined_name} is not defined.", "Set it before the {% personal %} block."
            )
        if isinstance(value, str) and PLACEHOLDER_OPEN in value:
            raise source_location.template_error(
                "Text that contains a person's value is used in a {% personal %} block.", "Write person.… in the block."
            )


def is_personal_block(node: nodes.Node) -> bool:
    """Whether a syntax node is a `{% personal %}` block."""
    if not isinstance(node, nodes.CallBlock):
        return False
    called = node.call.node
    return isinstance(called, nodes.ExtensionAttribute) and called.name == PERSONAL


def captured_names(body: list[nodes.Node], environment: Any, included: list[nodes.Template]) -> list[str]:
    """Names that a block reads but does not set, sorted, without `person` and without globals."""
    inner = nodes.Template(body, lineno=1)
    inner.set_environment(environment)
    names = meta.find_undeclared_variables(inner).union(*(meta.find_undeclared_variables(tree) for tree in included))
    return sorted(names - {"person"})


def uncapturable_name(names: list[str]) -> str | None:
    """The first name whose value cannot be captured, or None."""
    return next((name for name in names if name in _SPECIAL), None)
