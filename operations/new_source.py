"""`make new-source NAME=crm`: writes the mapping of a source with its sample and its test, as copies of the example."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from include.core.errors import ConfigurationError, TradewindError
from include.core.paths import PROJECT

EXAMPLE = "example"
FILES = (
    "include/sources/example/subscribers.sql",
    "include/sources/example/purchases.sql",
    "tests/sources/example.sql",
    "tests/sources/test_example.py",
)
"""The example is tested like every source, so its copies work."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def create(name: str, root: Path = PROJECT) -> list[Path]:
    """Copy the example to a source `name` below `root`; returns the files.

    Raises `ConfigurationError` if the name is not one, or if a file of it exists: nothing is overwritten.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"'{name[:40]}' is not a name of small letters, digits and underscores.",
            where="NAME",
            remedy="For example: crm.",
        )
    texts = {root / file.replace(EXAMPLE, name): (PROJECT / file).read_text(encoding="utf-8") for file in FILES}
    for path in texts:
        if path.exists():
            raise ConfigurationError("exists.", where=str(path), remedy="Choose another name, or delete it.")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(re.sub(rf"\b{EXAMPLE}\b(?!\.com)|(?<=test_){EXAMPLE}", name, text), encoding="utf-8")
    return list(texts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Create the files and say what to do with them."""
    (name,) = arguments or sys.argv[1:]
    try:
        files = create(name)
    except TradewindError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    mapping, _, sample, test = (path.relative_to(PROJECT) for path in files)
    print(  # noqa: T201
        f"1. Write the tables of your source with a few invented rows into {sample}.\n"
        f"2. Write its names into {mapping}, and into the file beside it or delete that.\n"
        f"3. Check both: .venv/bin/python -m pytest {test}\n"
        f"4. Use it: export TRADEWIND_SOURCE_SQL={files[0].parent} AIRFLOW_CONN_SUBSCRIBERS_SOURCE=…, then make up\n"
        "docs/tutorials/connect-your-database.md explains each step."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
