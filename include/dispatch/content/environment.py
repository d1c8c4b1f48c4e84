"""The Jinja environment of templates: sandboxed, strict, limited to template files, and bounded in work and size."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, cast

from jinja2 import BaseLoader, BytecodeCache, StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from include.dispatch.content.filters import ADDED, FORBIDDEN, PERSON_FILTERS
from include.dispatch.content.person import NoValue
from include.dispatch.content.person_proxy import FilterStep, PersonProxy, RecordedExpression, _CompileTimeValue
from include.dispatch.content.source_location import template_error

MAX_FILE_BYTES = 256 * 1024
MAX_PART_CHARACTERS = 1024 * 1024
MAX_RENDER_SECONDS = 10.0
MAX_ITERATIONS = 50_000
MAX_NUMBER = 10_000
MAX_MADE_CHARACTERS = 8 * MAX_PART_CHARACTERS
"""Limits: bytes of one template file, characters of one rendered part, seconds and loop iterations of one rendering, the
largest integer argument of a filter, function or multiplication (padding and repetition can turn one line of template into
a gigabyte), the characters of all texts that one rendering makes, also of those that it prints nowhere."""

_GROWING = frozenset({"format", "format_map", "center", "ljust", "rjust", "zfill", "expandtabs"})
"""String methods that can produce a text of any length."""

PLACEHOLDER_OPEN, PLACEHOLDER_CLOSE = "\ue000", "\ue001"
"""Private-use characters around the number of a slot while a template is compiled."""


class RenderBudget:
    """Limits the loop iterations, the time and the texts of one rendering."""

    def __init__(self) -> None:
        self._iterations, self._characters, self._until = 0, 0, 0.0
        self.reset()

    def reset(self) -> None:
        """Start a new rendering."""
        self._iterations, self._characters, self._until = 0, 0, time.monotonic() + MAX_RENDER_SECONDS

    def made(self, value: Any) -> None:
        """Count the characters of a text, or of all texts in a list. Raises `PlanError` over the limit."""
        if isinstance(value, str):
            self._characters += len(value)
        elif isinstance(value, (list, tuple)):
            self._characters += 2
            for part in value:
                self.made(part)
        elif isinstance(value, dict):
            self.made([*value, *value.values()])
        if self._characters > MAX_MADE_CHARACTERS:
            raise template_error(
                "The template makes too much text.", f"A part has at most {MAX_PART_CHARACTERS:,} characters."
            )

    def spend(self, characters: int = 0) -> None:
        """Count one macro call or loop iteration, which prints so many characters. Raises `PlanError` over the limit."""
        self._iterations += 1
        self._characters += characters
        self.made("")
        if self._iterations > MAX_ITERATIONS or (self._iterations % 256 == 0 and time.monotonic() > self._until):
            raise template_error(
                "The template does too much work.",
                f"A part may take {MAX_ITERATIONS:,} loop iterations and {MAX_RENDER_SECONDS:.0f} s.",
            )


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """The environment of one content. `shared` contains the variables of every template."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, loader: BaseLoader, shared: dict[str, Any], compiled: BytecodeCache | None = None) -> None:
        super().__init__(
            loader=loader,
            bytecode_cache=compiled,
            autoescape=is_markup,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            auto_reload=False,
        )
        self.placeholders: Any = None
        self.product_lists: set[str] = set()
        self.of_last_file: tuple[set[str], set[str]] = set(), set()
        """The product lists that the file parsed last shows, and the other files that were read for it."""
        self.prepare: Callable[[nodes.Template, str, str | None], nodes.Template] = lambda tree, name, filename: tree
        self.budget = RenderBudget()
        self.globals = {"range": self.globals["range"], "dict": dict, "namespace": self.globals["namespace"], **shared}
        kept = {name: run for name, run in self.filters.items() if name not in FORBIDDEN} | ADDED
        self.filters = {name: _guarded_filter(self, name, run) for name, run in kept.items()}
        self.tests = {
            name: _guarded_test(cast(Callable[..., Any], run))
            for name, run in self.tests.items()
            if name not in {"callable", "filter", "test"}
        }

    @staticmethod
    def is_markup(name: str | None) -> bool:
        """Whether a template with this name produces HTML."""
        return is_markup(name)

    def parsed(self, name: str) -> tuple[nodes.Template, str | None]:
        """The unmodified syntax tree of another template, and its file."""
        assert self.loader is not None
        source, filename, _ = self.loader.get_source(self, name)
        self.of_last_file[1].add(name)
        return super()._parse(source, name, filename), filename

    def shows_products(self, name: str) -> None:
        """Note that the file that is being parsed shows this list of products."""
        self.of_last_file[0].add(name)
        self.product_lists.add(name)

    def macros(self, name: str) -> list[str]:
        """The macros of another template."""
        return [macro.name for macro in self.parsed(name)[0].find_all(nodes.Macro)]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        self.of_last_file = set(), set()
        return self.prepare(super()._parse(source, name, filename), name or "template", filename)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An attribute. Fields of `person` bypass the sandbox's checks, since they are read a million times."""
        if type(obj) is PersonProxy and not attribute.startswith("_"):
            return obj.__getattr__(attribute)
        if isinstance(obj, str) and attribute in _GROWING:
            raise template_error(f".{attribute} of a text is not allowed.", "Join with ~, or use a filter.")
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro, or a function without personal values as arguments."""
        given = (*args, *kwargs.values())
        if isinstance(obj, Macro):
            self.budget.spend()
        elif getattr(obj, "__self__", None) not in self.extensions.values():
            _reject_large_numbers(given)
            if any(isinstance(part, _CompileTimeValue) for part in given):
                raise template_error("A person's value is passed to a function.", "Only macros and filters accept one.")
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiplication of bounded size; strings must not be repeated or formatted to arbitrary length."""
        if operator == "%" and isinstance(left, str):
            raise SecurityError("'%' on a text is not allowed: use ~ to join")
        _reject_large_numbers((left, right)) if operator == "**" or isinstance(left, (str, list)) or isinstance(
            right, (str, list)
        ) else None
        result = super().call_binop(context, operator, left, right)
        self.budget.made(result)
        return result


def is_markup(name: str | None) -> bool:
    """Whether a template with this name produces HTML."""
    return name is not None and name.endswith((".html.j2", ".html", ".mjml.j2"))


def _reject_large_numbers(given: tuple[Any, ...]) -> None:
    if any(isinstance(part, int) and abs(part) > MAX_NUMBER for part in given):
        raise template_error(f"A number is larger than {MAX_NUMBER:,}.", "Use a smaller number.")


def _guarded_filter(environment: TemplateEnvironment, name: str, run: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, which is recorded when applied to a personal value, and rejects unsupported uses."""
    skip = 1 if hasattr(run, "jinja_pass_arg") else 0
    evaluate = _evaluator(environment, run, name)

    @functools.wraps(run)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        value, given = args[skip], args[skip + 1 :]
        _reject_large_numbers((*given, *kwargs.values()))
        if isinstance(value, RecordedExpression) or any(
            isinstance(part, RecordedExpression) for part in (*given, *kwargs.values())
        ):
            if name not in PERSON_FILTERS or not isinstance(value, RecordedExpression):
                raise template_error(
                    f"The filter {name} cannot be applied to a person's value.",
                    f"Known: {', '.join(sorted(PERSON_FILTERS))}.",
                )
            return value._with_filter(FilterStep(name, evaluate, given, kwargs))
        if name == "urlencode" and cast(Any, environment.globals["person"])._current.values is not None:
            raise template_error(
                "A value is encoded twice.", "Remove urlencode: every value of a block in a link is encoded automatically."
            )
        if isinstance(value, str) and PLACEHOLDER_OPEN in value and name not in {"trim", "default", "d"}:
            raise template_error(
                f"The filter {name} is applied to text that contains a person's value.", "Filter the value itself."
            )
        if _keeps_missing(value, name):
            return value
        environment.budget.made(value)
        result = run(*args, **kwargs)
        environment.budget.made(result)
        return result

    return guarded


def _evaluator(environment: TemplateEnvironment, run: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The same filter for actual values, with the first argument that Jinja passes to it."""
    wants = getattr(run, "jinja_pass_arg", None)
    first = nodes.EvalContext(environment, "person.txt") if wants and wants.name == "eval_context" else environment
    ready = functools.partial(run, first) if wants else run

    def evaluated(value: Any, *args: Any, **kwargs: Any) -> Any:
        return value if _keeps_missing(value, name) else ready(value, *args, **kwargs)

    return evaluated


def _keeps_missing(value: Any, name: str) -> bool:
    """Whether a filter passes a missing value through, so that `person.first_name | title | default("friend")` works."""
    return isinstance(value, NoValue) and name not in {"default", "d"}


def _guarded_test(run: Callable[..., Any]) -> Callable[..., Any]:
    """The test, which rejects a personal value during compilation."""

    @functools.wraps(run)
    def guarded(*args: Any) -> Any:
        if unknown := [part for part in args if isinstance(part, _CompileTimeValue)]:
            unknown[0]._reject_use()
        return run(*args)

    return guarded
