"""The stand-in for `person` while a template is compiled: it notes what is said of a person instead of saying it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from include.dispatch.content.person import PERSON_FIELDS, AttributeValues, Path, UnknownField
from include.dispatch.content.source_location import here, refuse

_MEND = "Put what depends on the person between {% personal %} and {% endpersonal %}, or use a filter such as default."


class _Untouchable:
    """Refuses whatever a template does with it but print it."""

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise refuse(f"{self._text()} is not known while the template is compiled.", _MEND)

    def _text(self) -> str:
        return "person"

    def __repr__(self) -> str:
        return self._refuse() if here() else f"<{self._text()}>"

    __str__ = __html__ = __bool__ = __iter__ = __len__ = __contains__ = __call__ = __format__ = _refuse  # type: ignore[assignment]
    __int__ = __float__ = __index__ = __hash__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse  # type: ignore[assignment]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __pos__ = _refuse


@dataclass(frozen=True, eq=False)
class Step:
    """One filter of an expression, with the arguments that the writer gave it."""

    name: str
    run: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def text(self) -> str:
        """As the writer would write it."""
        said = [_said(part) for part in self.args] + [f"{key}={_said(part)}" for key, part in self.kwargs.items()]
        return f"{self.name}({', '.join(said)})" if said else self.name


class Recorded(_Untouchable):
    """`person.first_name | default("friend") | title`, noted while compiling, evaluated for each distinct value later."""

    def __init__(self, path: Path, steps: tuple[Step, ...] = ()) -> None:
        self._path, self._steps = path, steps

    def __getattr__(self, name: str) -> NoReturn:
        raise refuse(f"{self._text()}.{name} cannot be noted.", f"Use a filter: {{{{ {self._text()} | {name} }}}}. {_MEND}")

    def __getitem__(self, name: object) -> NoReturn:
        raise refuse(f"A part of {self._text()} cannot be noted.", _MEND)

    def _text(self) -> str:
        return " | ".join([f"person.{'.'.join(self._path)}", *(step.text() for step in self._steps)])

    def _then(self, step: Step) -> Recorded:
        return Recorded(self._path, (*self._steps, step))


def paths_of(recorded: Recorded) -> frozenset[Path]:
    """Every field that the expression reads, its filters' arguments included."""
    arguments = [part for step in recorded._steps for part in (*step.args, *step.kwargs.values())]
    return frozenset({recorded._path}).union(*(paths_of(part) for part in arguments if isinstance(part, Recorded)))


def evaluate(recorded: Recorded, values: Mapping[Path, Any]) -> Any:
    """The expression's value for one person."""
    value = values[recorded._path]
    for step in recorded._steps:
        args = [evaluate(part, values) if isinstance(part, Recorded) else part for part in step.args]
        kwargs = {key: evaluate(part, values) if isinstance(part, Recorded) else part for key, part in step.kwargs.items()}
        value = step.run(value, *args, **kwargs)
    return value


def _said(part: Any) -> str:
    return part._text() if isinstance(part, Recorded) else repr(part)


class _AttributesStandIn(_Untouchable):
    def _text(self) -> str:
        return "person.attributes"

    def __getattr__(self, name: str) -> Recorded:
        if name.startswith("_"):
            raise AttributeError(name)
        return Recorded(("attributes", name))

    __getitem__ = __getattr__


@dataclass
class _Now:
    """Whose values are in force: none while compiling, one person's inside a fragment."""

    values: Mapping[Path, Any] | None = None
    attributes: AttributeValues | None = field(default=None)


class PersonStandIn(_Untouchable):
    """`person` in every template. One object for both lives, so that macros and includes need not know which it is."""

    def __init__(self) -> None:
        self._now = _Now()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in PERSON_FIELDS:
            unknown = UnknownField(name)
            raise refuse(str(unknown), unknown.remedy)
        if (values := self._now.values) is None:
            return _AttributesStandIn() if name == "attributes" else Recorded((name,))
        if name == "attributes":
            return self._now.attributes
        try:
            return values[(name,)]
        except KeyError:
            raise refuse(
                f"person.{name} is reached through a macro or include that the block does not name.",
                "Write the field in the block itself, or hand it to the macro as an argument.",
            ) from None

    __getitem__ = __getattr__

    def _enter(self, values: Mapping[Path, Any]) -> None:
        """From now on `person` is the one with these values, until `_leave`. No context manager: it costs a third."""
        self._now.values = values
        self._now.attributes = AttributeValues({path[1]: value for path, value in values.items() if len(path) > 1})

    def _leave(self) -> None:
        self._now.values = self._now.attributes = None
