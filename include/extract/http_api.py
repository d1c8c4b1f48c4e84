"""An HTTP API as a store of files: the pages of a relation become one file of JSON lines."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

from include.core.connections import SOURCE
from include.core.errors import SourceError
from include.extract.api_options import ApiOptions
from include.extract.api_request import Answer, ApiClient
from include.extract.json_lines import json_line
from include.extract.source_files import SourceFile

MAX_PAGES = 200_000
_ITEMS = ("items", "data", "results", "records")
_NEXT = ("next", "links.next", "_links.next.href", "meta.next", "paging.next")


class HttpApi:
    """Reads page after page. With `since`, only what has changed from then on, if the API has a parameter for it."""

    def __init__(self, options: ApiOptions, since: datetime | None) -> None:
        self._options, self._since = options, since
        self.location = f"API {options.base}"
        self.is_partial = since is not None and options.since is not None

    def names(self, start: str) -> list[str]:
        return [f"{start}.jsonl"] if start in self._options.paths else []

    def fetch(self, name: str, scratch: Path | None) -> SourceFile:
        if scratch is None:
            raise ValueError("reading rows needs a scratch folder")
        relation = name.removesuffix(".jsonl")
        path, location = scratch / "pages" / name, f"{self.location}{self._options.paths[relation]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        client = ApiClient(self._options, location)
        try:
            _Pages(self._options, client, relation, location).copy(path, self._since)
        finally:
            client.close()
        return SourceFile(name, path, location)

    def verify(self, name: str) -> None:
        """A copy does not change."""


class _Pages:
    """The pages of one relation, from the first to the one that says that it is the last."""

    def __init__(self, options: ApiOptions, client: ApiClient, relation: str, location: str) -> None:
        self._options, self._client, self._relation, self._location = options, client, relation, location
        self._seen: dict[bytes, int] = {}

    def copy(self, path: Path, since: datetime | None) -> None:
        """Write the rows of all pages to `path`, one JSON object per line."""
        url = urljoin(self._options.base, self._options.paths[self._relation])
        parameters = self._options.parameters | self._since(since)
        if self._options.page:
            parameters |= {self._options.page: "1"}
        with path.open("wb") as lines:
            for number in range(1, MAX_PAGES + 1):
                answer = self._client.get(url, parameters, path.with_suffix(".page"))
                is_empty = self._append(answer, lines, number)
                following = self._following(answer, number, parameters, is_empty)
                if following is None:
                    return
                url, parameters = following
        raise self._error(f"has more than {MAX_PAGES} pages", "Ask for larger pages, or check why paging does not end.")

    def _since(self, since: datetime | None) -> dict[str, str]:
        if since is None or self._options.since is None:
            return {}
        moment = since.astimezone(UTC)
        is_unix = self._options.since_format == "unix"
        text = str(int(moment.timestamp())) if is_unix else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
        return {self._options.since: text}

    def _append(self, answer: Answer, lines: BinaryIO, number: int) -> bool:
        """Append the rows of a page; returns whether there are none."""
        if answer.document is None:
            self._check_new(answer.digest, number)
            with answer.body.open("rb") as body:
                shutil.copyfileobj(body, lines)
            lines.write(b"\n")
            return answer.body.stat().st_size == 0
        rows = [json_line(item) for item in self._items(answer.document)]
        if rows:
            self._check_new(hashlib.sha256(b"".join(rows)).digest(), number)
        lines.writelines(rows)
        return not rows

    def _items(self, document: Any) -> list[Any]:
        names = (self._options.items,) if self._options.items else (self._relation, *_ITEMS)
        found = document if isinstance(document, list) and not self._options.items else _first(document, names)
        if not isinstance(found, list):
            raise self._error(
                "its answer contains no list of rows", "Name it with the option items, such as items=data.rows."
            )
        return found

    def _check_new(self, rows: bytes, number: int) -> None:
        """An API that ignores the parameter of pages answers every request with the same rows, without end."""
        earlier = self._seen.setdefault(rows, number)
        if earlier != number:
            raise self._error(f"page {number} repeats page {earlier}", "Check the options page, cursor and next.")

    def _following(
        self, answer: Answer, number: int, parameters: dict[str, str], is_empty: bool
    ) -> tuple[str, dict[str, str]] | None:
        """URL and parameters of the next page; None after the last one."""
        url = answer.url.partition("?")[0]
        if self._options.page:
            return None if is_empty else (url, parameters | {self._options.page: str(number + 1)})
        if self._options.cursor:
            cursor = _at(answer.document, str(self._options.cursor_field))
            return (url, parameters | {self._options.cursor: str(cursor)}) if cursor else None
        names = (self._options.next,) if self._options.next else _NEXT
        link = answer.next_link or _first(answer.document, names)
        return (self._checked(urljoin(answer.url, link)), {}) if link and isinstance(link, str) else None

    def _checked(self, url: str) -> str:
        """The link if it leads to the same server: it is requested with the token."""
        if urlsplit(url)[:2] != urlsplit(self._options.base)[:2]:
            raise self._error("the link to its next page leads to another server", "The token is not sent there.")
        return url

    def _error(self, what: str, remedy: str) -> SourceError:
        return SourceError(f"{what}.", where=self._location, remedy=f"{remedy} (Connection {SOURCE}.)")


def _at(document: Any, path: str) -> Any:
    """The value at a dotted path; None if there is none."""
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _first(document: Any, paths: tuple[str, ...]) -> Any:
    return next((found for path in paths if (found := _at(document, path)) is not None), None)
