"""`make audit DB=all.zip`: known vulnerabilities of the locked packages, from a stored copy of OSV's database.

It needs no network. The copy is OSV's export for PyPI, https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip, or a
folder with the same JSON files; fetch it on a machine that may, and bring it in. Records are evaluated as OSV's schema says
(https://ossf.github.io/osv-schema/#evaluation). pyproject.toml names what is accepted, and why.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from include.core.errors import ConfigurationError
from include.core.paths import PROJECT

Record = Mapping[str, Any]
_SOURCE = "Fetch https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip and name it: make audit DB=all.zip"


@dataclass(frozen=True)
class Finding:
    """A locked version that an advisory says is vulnerable; `fixed` are the versions that are not."""

    package: str
    version: str
    advisory: str
    fixed: tuple[str, ...]
    summary: str

    def __str__(self) -> str:
        remedy = f"fixed in {', '.join(self.fixed)}" if self.fixed else "no version is fixed"
        return f"{self.package} {self.version}: {self.advisory}, {remedy}. {self.summary}"


def locked(project: Path = PROJECT) -> dict[str, list[str]]:
    """{package: its versions} of uv.lock, with development and demo packages; one may have a version for each Python."""
    found: dict[str, list[str]] = {}
    for each in tomllib.loads((project / "uv.lock").read_text())["package"]:
        if "registry" in each["source"]:
            found.setdefault(canonicalize_name(each["name"]), []).append(each["version"])
    return found


def accepted(project: Path = PROJECT) -> dict[str, str]:
    """{advisory: why it is accepted} of pyproject.toml."""
    tools = tomllib.loads((project / "pyproject.toml").read_text())["tool"]
    found: dict[str, str] = tools.get("tradewind", {}).get("accepted-advisories", {})
    return found


def records(database: Path) -> Iterator[Record]:
    """The advisories of an export, zipped or unpacked. Raises `ConfigurationError` if it has none or is unreadable."""
    count = 0
    try:
        for text in _texts(database):
            count += 1
            yield json.loads(text)
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise ConfigurationError(f"cannot be read ({error}).", where=str(database), remedy=_SOURCE) from None
    if not count:
        raise ConfigurationError("has no advisories.", where=str(database), remedy=_SOURCE)


def _texts(database: Path) -> Iterator[bytes]:
    if database.is_dir():
        yield from (path.read_bytes() for path in sorted(database.rglob("*.json")))
        return
    with zipfile.ZipFile(database) as archive:
        yield from (archive.read(name) for name in archive.namelist() if name.endswith(".json"))


def findings(packages: Mapping[str, list[str]], advisories: Iterable[Record]) -> list[Finding]:
    """What the advisories say of these versions, by package. Withdrawn advisories say nothing."""
    found = {
        (name, version, advisory["id"]): Finding(name, version, advisory["id"], _fixed(affected), _summary(advisory))
        for advisory in advisories
        if not advisory.get("withdrawn")
        for affected in advisory.get("affected", ())
        for name in (_name(affected),)
        for version in packages.get(name, ())
        if is_affected(affected, version)
    }
    return [found[key] for key in sorted(found)]


def is_affected(affected: Record, version: str) -> bool:
    """Whether a version is listed, or in one of the ranges."""
    listed = {_version(each) for each in affected.get("versions", ())}
    return _version(version) in listed or any(
        _is_in_range(each["events"], Version(version)) for each in affected.get("ranges", ()) if each["type"] == "ECOSYSTEM"
    )


def _is_in_range(events: Iterable[Mapping[str, str]], version: Version) -> bool:
    """The last event up to the version decides. A range with a version that cannot be read counts: somebody must look."""
    is_in = False
    try:
        ordered = sorted(((kind, at) for event in events for kind, at in event.items()), key=_order)
    except InvalidVersion:
        return True
    for kind, at in ordered:
        if kind == "introduced" and (at == "0" or version >= Version(at)):
            is_in = True
        elif (kind == "fixed" and version >= Version(at)) or (kind == "last_affected" and version > Version(at)):
            is_in = False
    return is_in


def _order(event: tuple[str, str]) -> tuple[Version, bool]:
    return Version(event[1]), event[0] != "introduced"


def _name(affected: Record) -> str:
    package = affected.get("package", {})
    return canonicalize_name(package.get("name", "")) if package.get("ecosystem") == "PyPI" else ""


def _fixed(affected: Record) -> tuple[str, ...]:
    events = (event for each in affected.get("ranges", ()) if each["type"] == "ECOSYSTEM" for event in each["events"])
    return tuple(event["fixed"] for event in events if "fixed" in event)


def _version(text: str) -> Version | str:
    try:
        return Version(text)
    except InvalidVersion:
        return text


def _summary(advisory: Record) -> str:
    text = advisory.get("summary") or advisory.get("details") or ""
    return str(text).strip().split("\n", 1)[0][:200]


def main() -> int:
    """Print what is known; 1 if something is that nobody has accepted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path)
    packages, known = locked(), accepted()
    try:
        found = findings(packages, records(parser.parse_args().database))
    except ConfigurationError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    for each in found:
        why = known.get(each.advisory)
        print(f"{each} Accepted: {why}" if why else each)  # noqa: T201
    open_ones = [each for each in found if each.advisory not in known]
    print(f"{sum(map(len, packages.values()))} packages, {len(found)} known vulnerabilities, {len(open_ones)} not accepted")  # noqa: T201
    return bool(open_ones)


if __name__ == "__main__":
    sys.exit(main())
