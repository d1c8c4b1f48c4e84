"""The compiled files of templates, for callers that compile several variants, locales or mails of the same files."""

from __future__ import annotations

from types import CodeType
from typing import NamedTuple

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from include.dispatch.content.environment import TemplateEnvironment


class _Compiled(NamedTuple):
    """The code of a file, and what was found in it while it was compiled."""

    code: CodeType | None
    product_lists: frozenset[str]
    reads: frozenset[str]


class CompiledFiles(BytecodeCache):
    """The compiled files of templates and of the layout, as long as their text is the same."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str], _Compiled] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Jinja calls this before it compiles a file. Its content is made of the same files and lists as if it were."""
        found, environment = self._files.get((bucket.key, bucket.checksum)), bucket.environment
        if found is None:
            return
        assert isinstance(environment, TemplateEnvironment)
        assert environment.loader is not None
        environment.product_lists |= found.product_lists
        for name in found.reads:
            environment.loader.get_source(environment, name)  # It is part of the content's hash.
        bucket.code = found.code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Jinja calls this after it has compiled a file."""
        assert isinstance(bucket.environment, TemplateEnvironment)
        lists, reads = bucket.environment.of_last_file
        self._files[bucket.key, bucket.checksum] = _Compiled(bucket.code, frozenset(lists), frozenset(reads))
