"""The options of an HTTP API as source, in the query of its URL (docs/data-contract.md#an-http-api).

`https://:TOKEN@api.shop.example/v2?subscribers=contacts&purchases=orders&since=updated_since`
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from include.core.connections import SOURCE, is_loopback
from include.core.errors import ConfigurationError
from include.extract.contract import RELATIONS
from include.extract.file_options import check_names

PARAMETER = "param."
_WHERE = f"connection {SOURCE}"
_OPTIONS = ("items", "next", "page", "cursor", "cursor_field", "since", "since_format", "header", "rate")


@dataclass(frozen=True)
class ApiOptions:
    """How to read an API.

    `paths`: relation → path below `base`. `items`, `next` and `cursor_field` are dotted paths in an answer; `page`, `cursor`
    and `since` names of parameters. `rate` is the maximum of requests per second, `parameters` are sent with each.
    """

    base: str
    paths: dict[str, str]
    headers: dict[str, str] = field(repr=False)
    parameters: dict[str, str]
    items: str | None
    next: str | None
    page: str | None
    cursor: str | None
    cursor_field: str | None
    since: str | None
    since_format: str
    rate: float | None


def api_options(url: str, query: Mapping[str, str]) -> ApiOptions:
    """The options of a URL. Raises `ConfigurationError` for an unknown or contradictory one, and for HTTP without TLS."""
    given = dict(query)
    parameters = {name.removeprefix(PARAMETER): given.pop(name) for name in list(given) if name.startswith(PARAMETER)}
    check_names(given, (*RELATIONS, *_OPTIONS, "fields"))
    _check(url, given)
    parts = urlsplit(url)
    return ApiOptions(
        base=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}/",
        paths={name: given[name].lstrip("/") for name in RELATIONS if given.get(name)},
        headers=_credentials(parts.username, parts.password, given.get("header")),
        parameters=parameters,
        items=given.get("items"),
        next=given.get("next"),
        page=given.get("page"),
        cursor=given.get("cursor"),
        cursor_field=given.get("cursor_field"),
        since=given.get("since"),
        since_format=given.get("since_format", "iso"),
        rate=float(given["rate"]) if given.get("rate") else None,
    )


def _check(url: str, given: dict[str, str]) -> None:
    if url.startswith("http://") and not is_loopback(url):
        raise _error("would send subscribers and the token over HTTP without TLS.", "Use https://.")
    if not any(given.get(name) for name in RELATIONS):
        raise _error("names no relation.", "Add the path of each relation: ?subscribers=contacts&purchases=orders.")
    if bool(given.get("cursor")) != bool(given.get("cursor_field")):
        raise _error("needs both cursor and cursor_field.", "For example: cursor=after&cursor_field=meta.next_cursor.")
    if sum(bool(given.get(name)) for name in ("page", "cursor", "next")) > 1:
        raise _error("has more than one of page, cursor and next.", "Name the one way in which the API has pages.")
    if given.get("since_format", "iso") not in ("iso", "unix"):
        raise _error("has a since_format that is neither iso nor unix.", "Correct it.")
    if given.get("rate") and not _is_positive(given["rate"]):
        raise _error("has a rate that is not a number of requests per second.", "For example: rate=5.")


def _is_positive(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False


def _credentials(user: str | None, secret: str | None, header: str | None) -> dict[str, str]:
    """The header that authenticates: a bearer token, the token in a named header, or user and password (RFC 7617)."""
    token = unquote(secret or "")
    if user:
        return {"Authorization": "Basic " + b64encode(f"{unquote(user)}:{token}".encode()).decode()}
    if not token:
        return {}
    return {header: token} if header else {"Authorization": f"Bearer {token}"}


def _error(what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(what, where=_WHERE, remedy=remedy)
