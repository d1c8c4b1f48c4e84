"""The fields of `person` in templates: their types, and the object that represents a missing value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import pyarrow as pa
from jinja2 import StrictUndefined, UndefinedError

from include.core.suggestion import closest
from include.dispatch.content.escape import is_blank

_TIME = pa.timestamp("us", tz="UTC")

PERSON_FIELDS: dict[str, pa.DataType] = {
    "subscriber_id": pa.string(),
    "first_name": pa.string(),
    "last_name": pa.string(),
    "country": pa.string(),
    "locale": pa.string(),
    "timezone": pa.string(),
    "signed_up_at": _TIME,
    "purchases": pa.int64(),
    "revenue": pa.decimal128(18, 2),
    "first_purchased_at": _TIME,
    "last_purchased_at": _TIME,
    "days_since_purchase": pa.int64(),
    "lifecycle_stage": pa.string(),
    "attributes": pa.string(),
    "products": pa.string(),
    "unsubscribe_url": pa.string(),
    "preferences_url": pa.string(),
    "confirm_url": pa.string(),
}
"""The columns that `SlotFiller.fill` accepts. `attributes` is a JSON object as text: `person.attributes.shoe_size`.
`products` is one too, with a list of products by the name of its statement: `person.products.last_viewed`."""
JSON_FIELDS = ("attributes", "products")

Path = tuple[str, ...]
"""A field (`("first_name",)`) or one key of the attributes (`("attributes", "shoe_size")`)."""


class UnknownField(Exception):
    """A template uses an unknown field."""

    def __init__(self, name: str) -> None:
        near = closest(name, PERSON_FIELDS)
        self.remedy = f"Did you mean person.{near}?" if near else f"A person has: {', '.join(PERSON_FIELDS)}."
        super().__init__(f"person.{name} does not exist.")


class MissingValueError(UndefinedError):
    """A template prints, compares or calculates with a value that some people do not have."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"person.{'.'.join(path)} has no value")


class NoValue(StrictUndefined):
    """Represents null and blank text: false in conditions, replaced by `default`; other uses raise `MissingValueError`."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        super().__init__(name=".".join(path))
        self._path = path

    def _fail_with_undefined_error(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise MissingValueError(self._path)

    def __bool__(self) -> bool:  # type: ignore[override]
        return False

    def __eq__(self, other: object) -> bool:  # type: ignore[override]
        return isinstance(other, NoValue)

    def __ne__(self, other: object) -> bool:  # type: ignore[override]
        return not isinstance(other, NoValue)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(NoValue)

    __iter__ = __str__ = __len__ = __contains__ = _fail_with_undefined_error
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fail_with_undefined_error
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _fail_with_undefined_error
    __pos__ = __neg__ = __call__ = __getitem__ = __int__ = __float__ = __complex__ = __pow__ = __rpow__ = (
        _fail_with_undefined_error
    )
    __lt__ = __le__ = __gt__ = __ge__ = _fail_with_undefined_error


class KeyValues:
    """`person.attributes` or `person.products` while a `{% personal %}` block is evaluated for one person."""

    __slots__ = ("_field", "_values")

    def __init__(self, field: str, values: dict[str, Any]) -> None:
        self._field, self._values = field, values

    def __getattr__(self, name: str) -> Any:
        return self._values[name] if name in self._values else NoValue((self._field, name))

    __getitem__ = __getattr__

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)


def as_value(value: Any, path: Path) -> Any:
    """The value as templates see it: null, blank text and an empty list become `NoValue`."""
    if value is None or value == [] or (isinstance(value, str) and is_blank(value)):
        return NoValue(path)
    return value
