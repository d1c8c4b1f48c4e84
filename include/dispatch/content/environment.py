"""Jinja for marketers: sandboxed, strict, without reach beyond the templates, and with a limit on work and size."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, cast

from jinja2 import BaseLoader, StrictUndefined, nodes
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError

from include.dispatch.content.filters import OWN, PERSONAL, REFUSED
from include.dispatch.content.person import NoValue
from include.dispatch.content.person_proxy import PersonStandIn, Recorded, Step, _Untouchable
from include.dispatch.content.source_location import refuse

MAX_SOURCE = 256 * 1024
MAX_RESULT = 1024 * 1024
MAX_SECONDS = 10.0
MAX_TURNS = 50_000
MAX_NUMBER = 10_000
"""Caps: bytes of one template file, characters of one rendered part, seconds and loop turns of one rendering, the largest
whole number that a filter, a function or a multiplication may be given (padding and repeating are how a line of template
becomes a gigabyte)."""

_GROWING = frozenset({"format", "format_map", "center", "ljust", "rjust", "zfill", "expandtabs"})
"""Methods of text that make a small text of any length."""

MARK_OPEN, MARK_CLOSE = "\ue000", "\ue001"
"""Private-use characters around the number of a slot while a template is compiled."""


class Budget:
    """Turns and seconds that one rendering may take."""

    def __init__(self) -> None:
        self._turns, self._until = 0, 0.0
        self.renew()

    def renew(self) -> None:
        """A new rendering begins."""
        self._turns, self._until = 0, time.monotonic() + MAX_SECONDS

    def spend(self) -> None:
        """One turn of a loop or one call of a macro. Raises `PlanError` when there were too many."""
        self._turns += 1
        if self._turns > MAX_TURNS or (self._turns % 256 == 0 and time.monotonic() > self._until):
            raise refuse("The template does too much work.", f"A part may take {MAX_TURNS:,} turns and {MAX_SECONDS:.0f} s.")


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """The environment of one content. `shared` holds what every template may say."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, loader: BaseLoader, shared: dict[str, Any]) -> None:
        super().__init__(
            loader=loader,
            autoescape=is_markup,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            auto_reload=False,
        )
        self.marks: Any = None
        self.prepare: Callable[[nodes.Template, str, str | None], nodes.Template] = lambda tree, name, filename: tree
        self.budget = Budget()
        self.globals = {"range": self.globals["range"], "dict": dict, "namespace": self.globals["namespace"], **shared}
        kept = {name: run for name, run in self.filters.items() if name not in REFUSED} | OWN
        self.filters = {name: _watch_filter(self, name, run) for name, run in kept.items()}
        self.tests = {
            name: _watch_test(cast(Callable[..., Any], run))
            for name, run in self.tests.items()
            if name not in {"callable", "filter", "test"}
        }

    @staticmethod
    def is_markup(name: str | None) -> bool:
        """Whether a template of this name makes HTML."""
        return is_markup(name)

    def parsed(self, name: str) -> tuple[nodes.Template, str | None]:
        """Another template's syntax tree as it was written, and its file."""
        assert self.loader is not None
        source, filename, _ = self.loader.get_source(self, name)
        return super()._parse(source, name, filename), filename

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return self.prepare(super()._parse(source, name, filename), name or "template", filename)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An attribute; a person's fields without the sandbox's questions, since they are asked a million times."""
        if type(obj) is PersonStandIn and not attribute.startswith("_"):
            return obj.__getattr__(attribute)
        if isinstance(obj, str) and attribute in _GROWING:
            raise refuse(f".{attribute} of a text is not allowed.", "Join with ~, or use a filter.")
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro, or a function that knows nothing of a person."""
        given = (*args, *kwargs.values())
        if isinstance(obj, Macro):
            self.budget.spend()
        elif getattr(obj, "__self__", None) not in self.extensions.values():
            _refuse_large(given)
            if any(isinstance(part, _Untouchable) for part in given):
                raise refuse("A function is given a person's value.", "Only macros and filters may take one.")
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiplication of bounded size; never a text repeated or formatted to any length."""
        if operator == "%" and isinstance(left, str):
            raise SecurityError("'%' on a text is not allowed: use ~ to join")
        _refuse_large((left, right)) if operator == "**" or isinstance(left, (str, list)) or isinstance(
            right, (str, list)
        ) else None
        return super().call_binop(context, operator, left, right)


def is_markup(name: str | None) -> bool:
    """Whether a template of this name makes HTML."""
    return name is not None and name.endswith((".html.j2", ".html"))


def _refuse_large(given: tuple[Any, ...]) -> None:
    if any(isinstance(part, int) and abs(part) > MAX_NUMBER for part in given):
        raise refuse(f"A number is larger than {MAX_NUMBER:,}.", "Templates are given small numbers only.")


def _watch_filter(environment: TemplateEnvironment, name: str, run: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, which notes itself on a person's value and refuses what it cannot do well."""
    skip = 1 if hasattr(run, "jinja_pass_arg") else 0
    note = _for_values(environment, run, name)

    @functools.wraps(run)
    def watched(*args: Any, **kwargs: Any) -> Any:
        value, given = args[skip], args[skip + 1 :]
        _refuse_large((*given, *kwargs.values()))
        if isinstance(value, Recorded) or any(isinstance(part, Recorded) for part in (*given, *kwargs.values())):
            if name not in PERSONAL or not isinstance(value, Recorded):
                raise refuse(
                    f"The filter {name} cannot be noted for a person's value.", f"Known: {', '.join(sorted(PERSONAL))}."
                )
            return value._then(Step(name, note, given, kwargs))
        if name == "urlencode" and cast(Any, environment.globals["person"])._now.values is not None:
            raise refuse(
                "A value is encoded twice.", "Remove urlencode: in a link every value of a block is encoded anyway."
            )
        if isinstance(value, str) and MARK_OPEN in value and name not in {"trim", "default", "d"}:
            raise refuse(f"The filter {name} is laid over text that holds a person's value.", "Filter the value itself.")
        return value if _stays_missing(value, name) else run(*args, **kwargs)

    return watched


def _for_values(environment: TemplateEnvironment, run: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The same filter for real values, with what Jinja would hand it first."""
    wants = getattr(run, "jinja_pass_arg", None)
    first = nodes.EvalContext(environment, "person.txt") if wants and wants.name == "eval_context" else environment
    ready = functools.partial(run, first) if wants else run

    def evaluated(value: Any, *args: Any, **kwargs: Any) -> Any:
        return value if _stays_missing(value, name) else ready(value, *args, **kwargs)

    return evaluated


def _stays_missing(value: Any, name: str) -> bool:
    """A filter leaves a value that is not there as it is, so `person.first_name | title | default("friend")` works."""
    return isinstance(value, NoValue) and name not in {"default", "d"}


def _watch_test(run: Callable[..., Any]) -> Callable[..., Any]:
    """The test, which refuses a person's value while compiling."""

    @functools.wraps(run)
    def watched(*args: Any) -> Any:
        if untouched := [part for part in args if isinstance(part, _Untouchable)]:
            untouched[0]._refuse()
        return run(*args)

    return watched
