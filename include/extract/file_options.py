"""Options of the file kinds, in the query of the connection's URL: `file:///folder?delimiter=;&encoding=latin-1`."""

from __future__ import annotations

import codecs
import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from include.core.connections import SOURCE
from include.core.errors import ConfigurationError

_NAMES = {"tab": "\t", "comma": ",", "semicolon": ";", "bar": "|", "pipe": "|", "space": " "}
_WHERE = f"connection {SOURCE}"


@dataclass(frozen=True)
class FileOptions:
    """What the operator names instead of leaving it to detection; None is detected.

    `fields` are keys of JSON lines that a custom query reads and that may be missing in every object.
    """

    delimiter: str | None = None
    encoding: str | None = None
    fields: tuple[str, ...] = ()


def file_options(query: Mapping[str, str], others: tuple[str, ...] = ()) -> FileOptions:
    """The options of a URL's query. Raises `ConfigurationError` for one that is unknown or has no such value.

    `others` are the names of options that somebody else reads.
    """
    check_names(query, ("delimiter", "encoding", "fields", *others))
    fields = tuple(name.strip() for name in query.get("fields", "").split(",") if name.strip())
    return FileOptions(_delimiter(query.get("delimiter")), _encoding(query.get("encoding")), fields)


def check_names(query: Mapping[str, str], known: tuple[str, ...]) -> None:
    """Raise `ConfigurationError` for the first option that is not `known`, with a similar one."""
    for name in query:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1, 0.6)
            hint = f"Did you mean {close[0]}? " if close else ""
            raise ConfigurationError(
                f"the option '{name[:40]}' is unknown.", where=_WHERE, remedy=f"{hint}The options are {', '.join(known)}."
            )


def _delimiter(text: str | None) -> str | None:
    if not text:
        return None
    delimiter = _NAMES.get(text.lower(), text)
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter.isalnum() or delimiter in '"\r\n\0':
        raise ConfigurationError(
            "the option 'delimiter' is not one character that can separate values.",
            where=_WHERE,
            remedy="Use one character such as ; or one of the names tab, comma, semicolon and bar.",
        )
    return delimiter


def _encoding(text: str | None) -> str | None:
    if not text:
        return None
    try:
        b"a\0\0\0".decode(text, "replace")  # Refuses codecs such as base64, which are no encodings of text.
        return codecs.lookup(text).name
    except (LookupError, ValueError):
        raise ConfigurationError(
            f"the encoding '{text[:40]}' is unknown.",
            where=_WHERE,
            remedy="Use a name such as utf-8, windows-1252, iso-8859-15 or utf-16.",
        ) from None
