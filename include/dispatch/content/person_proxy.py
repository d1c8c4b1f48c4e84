"""A proxy for `person` during compilation: it records every expression on `person` instead of evaluating it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from include.dispatch.content.person import JSON_FIELDS, PERSON_FIELDS, KeyValues, Path, UnknownField
from include.dispatch.content.source_location import current_location, template_error

_REMEDY = "Put what depends on the person between {% personal %} and {% endpersonal %}, or use a filter such as default."


class _CompileTimeValue:
    """A value that is unknown at compile time: printing is allowed, every other operation is rejected."""

    def _reject_use(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise template_error(f"{self._source()} is not known while the template is compiled.", _REMEDY)

    def _source(self) -> str:
        return "person"

    def __repr__(self) -> str:
        return self._reject_use() if current_location() else f"<{self._source()}>"

    __str__ = __html__ = __bool__ = __iter__ = __len__ = __contains__ = __call__ = __format__ = _reject_use
    __int__ = __float__ = __index__ = __hash__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _reject_use
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _reject_use
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __pos__ = _reject_use


@dataclass(frozen=True, eq=False)
class FilterStep:
    """One filter of an expression, with its arguments."""

    name: str
    run: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def text(self) -> str:
        """The filter as template source."""
        arguments = [_as_source(part) for part in self.args] + [
            f"{key}={_as_source(part)}" for key, part in self.kwargs.items()
        ]
        return f"{self.name}({', '.join(arguments)})" if arguments else self.name


class RecordedExpression(_CompileTimeValue):
    """`person.first_name | default("friend") | title`, recorded at compile time, evaluated later per distinct value."""

    def __init__(self, path: Path, steps: tuple[FilterStep, ...] = ()) -> None:
        self._path, self._steps = path, steps

    def __getattr__(self, name: str) -> NoReturn:
        raise template_error(
            f"{self._source()}.{name} is not supported.", f"Use a filter: {{{{ {self._source()} | {name} }}}}. {_REMEDY}"
        )

    def __getitem__(self, name: object) -> NoReturn:
        raise template_error(f"An index on {self._source()} is not supported.", _REMEDY)

    def _source(self) -> str:
        return " | ".join([f"person.{'.'.join(self._path)}", *(step.text() for step in self._steps)])

    def _with_filter(self, step: FilterStep) -> RecordedExpression:
        return RecordedExpression(self._path, (*self._steps, step))


def paths_of(expression: RecordedExpression) -> frozenset[Path]:
    """All fields that the expression reads, including those in arguments of its filters."""
    arguments = [part for step in expression._steps for part in (*step.args, *step.kwargs.values())]
    return frozenset({expression._path}).union(
        *(paths_of(part) for part in arguments if isinstance(part, RecordedExpression))
    )


def evaluate(expression: RecordedExpression, values: Mapping[Path, Any]) -> Any:
    """The value of the expression for one person."""
    value = values[expression._path]
    for step in expression._steps:
        args = [evaluate(part, values) if isinstance(part, RecordedExpression) else part for part in step.args]
        kwargs = {
            key: evaluate(part, values) if isinstance(part, RecordedExpression) else part
            for key, part in step.kwargs.items()
        }
        value = step.run(value, *args, **kwargs)
    return value


def _as_source(part: Any) -> str:
    return part._source() if isinstance(part, RecordedExpression) else repr(part)


class _AttributesProxy(_CompileTimeValue):
    def _source(self) -> str:
        return "person.attributes"

    def __getattr__(self, name: str) -> RecordedExpression:
        if name.startswith("_"):
            raise AttributeError(name)
        return RecordedExpression(("attributes", name))

    __getitem__ = __getattr__


class _ProductsProxy(_CompileTimeValue):
    def _source(self) -> str:
        return "person.products"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise template_error(
            f"person.products.{name} is a list for each person.",
            f"Loop over it between {{% personal %}} and {{% endpersonal %}}: {{% for product in person.products.{name} %}}.",
        )

    __getitem__ = __getattr__


@dataclass
class _CurrentPerson:
    """The values of the current person; None during compilation. `keyed` are those of the JSON fields."""

    values: Mapping[Path, Any] | None = None
    keyed: dict[str, KeyValues] = field(default_factory=dict)


class PersonProxy(_CompileTimeValue):
    """`person` in every template: a recorder during compilation, the current person inside a block.

    It is one object for both, so that macros and includes work the same in either case.
    """

    def __init__(self) -> None:
        self._current = _CurrentPerson()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in PERSON_FIELDS:
            unknown = UnknownField(name)
            raise template_error(str(unknown), unknown.remedy)
        if (values := self._current.values) is None:
            return _PROXIES[name]() if name in _PROXIES else RecordedExpression((name,))
        if name in JSON_FIELDS:
            return self._current.keyed[name]
        try:
            return values[(name,)]
        except KeyError:
            raise template_error(
                f"person.{name} is read by a macro or include that the block does not reference directly.",
                "Write the field in the block itself, or pass it to the macro as an argument.",
            ) from None

    __getitem__ = __getattr__

    def _bind(self, values: Mapping[Path, Any]) -> None:
        """Set the current person's values until `_unbind`. Not a context manager, which would cost a third of the time."""
        self._current.values = values
        if any(len(path) > 1 for path in values):
            self._current.keyed = {name: _keyed(name, values) for name in JSON_FIELDS}

    def _unbind(self) -> None:
        self._current.values, self._current.keyed = None, {}


def _keyed(name: str, values: Mapping[Path, Any]) -> KeyValues:
    return KeyValues(name, {path[1]: value for path, value in values.items() if len(path) > 1 and path[0] == name})


_PROXIES: dict[str, Callable[[], _CompileTimeValue]] = {"attributes": _AttributesProxy, "products": _ProductsProxy}
