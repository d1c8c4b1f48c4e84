"""A stored database of advisories: which locked versions it names, and what happens without one."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from include.core.errors import ConfigurationError
from include.core.paths import PROJECT
from operations.advisories import accepted, findings, is_affected, locked, records


def advisory(name: str = "Jinja2", **affected: Any) -> dict[str, Any]:
    return {
        "id": "PYSEC-2026-1",
        "summary": "A sandbox breakout.",
        "affected": [{"package": {"ecosystem": "PyPI", "name": name}, **affected}],
    }


def ranges(*events: tuple[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"ranges": [{"type": kind, "events": [{what: at} for what, at in events]}]}


@pytest.mark.parametrize(
    ("version", "affected", "is_so"),
    [
        ("3.1.6", ranges(("introduced", "0"), ("fixed", "3.1.7")), True),
        ("3.1.7", ranges(("introduced", "0"), ("fixed", "3.1.7")), False),
        ("3.1.7rc1", ranges(("introduced", "0"), ("fixed", "3.1.7")), True),
        ("2.9", ranges(("introduced", "3.0"), ("fixed", "3.1.7")), False),
        ("3.0", ranges(("introduced", "3.0"), ("fixed", "3.1.7")), True),
        ("3.10", ranges(("introduced", "3.2"), ("fixed", "3.9")), False),
        ("2.5", ranges(("fixed", "2.0"), ("introduced", "0"), ("introduced", "2.4"), ("fixed", "2.6")), True),
        ("2.2", ranges(("fixed", "2.0"), ("introduced", "0"), ("introduced", "2.4"), ("fixed", "2.6")), False),
        ("5.6.3", ranges(("introduced", "0"), ("last_affected", "5.6.3")), True),
        ("5.6.4", ranges(("introduced", "0"), ("last_affected", "5.6.3")), False),
        ("5.6.4", ranges(("introduced", "0")), True),
        ("5.6.4", ranges(("introduced", "0"), ("fixed", "r12-final-of-may")), True),
        ("1.0", {"versions": ["0.9", "1.0.0"]}, True),
        ("1.1", {"versions": ["0.9", "1.0.0", "not-a-version"]}, False),
        ("1.0", ranges(("introduced", "0"), kind="GIT"), False),
    ],
)
def test_a_version_is_in_an_advisory(version: str, affected: dict[str, Any], is_so: bool) -> None:
    assert is_affected(affected, version) is is_so


def test_names_are_compared_as_the_index_compares_them() -> None:
    everything = ranges(("introduced", "0"), ("fixed", "9"))
    (found,) = findings({"jinja2": ["3.1.6"], "typing-extensions": ["4.0"]}, [advisory(**everything)])
    assert str(found) == "jinja2 3.1.6: PYSEC-2026-1, fixed in 9. A sandbox breakout."
    assert [each.package for each in findings({"typing-extensions": ["4"]}, [advisory("typing.Extensions", **everything)])]


def test_other_ecosystems_and_withdrawn_advisories_say_nothing() -> None:
    everything = ranges(("introduced", "0"))
    npm = advisory(**everything)
    npm["affected"][0]["package"]["ecosystem"] = "npm"
    assert not findings({"jinja2": ["3.1.6"]}, [npm, advisory(**everything) | {"withdrawn": "2026-01-01T00:00:00Z"}])


def test_all_locked_packages_are_looked_up() -> None:
    packages = locked()
    assert {"apache-airflow", "hypothesis", "marimo"} <= packages.keys()
    assert sum(map(len, packages.values())) == (PROJECT / "uv.lock").read_text().count("[[package]]") - 1, (
        "all but the project itself"
    )


@pytest.mark.parametrize("is_zipped", [True, False])
def test_a_vulnerable_package_fails_the_command_and_a_fixed_one_does_not(tmp_path: Path, is_zipped: bool) -> None:
    (version,) = locked()["jinja2"]
    for last, code in ((version, 1), ("0.1", 0)):
        text = json.dumps(advisory(**ranges(("introduced", "0"), ("last_affected", last))))
        database = tmp_path / f"{code}"
        if is_zipped:
            with zipfile.ZipFile(database, "w") as archive:
                archive.writestr("PYSEC-2026-1.json", text)
        else:
            database.mkdir()
            (database / "PYSEC-2026-1.json").write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "operations.advisories", database], capture_output=True, text=True, cwd=PROJECT
        )
        assert (done.returncode, done.stderr) == (code, "")
        assert (f"jinja2 {version}: PYSEC-2026-1, no version is fixed" in done.stdout) is bool(code)
        assert (
            f"{sum(map(len, locked().values()))} packages, {code} known vulnerabilities, {code} not accepted" in done.stdout
        )


@pytest.mark.parametrize("content", [None, b"no zip", b""])
def test_a_database_that_cannot_be_read_is_no_clean_bill(tmp_path: Path, content: bytes | None) -> None:
    database = tmp_path / "all.zip"
    if content is not None:
        database.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"cannot be read.*make audit DB=all\.zip"):
        list(records(database))


def test_an_empty_database_is_no_clean_bill(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no advisories"):
        list(records(tmp_path))


def test_what_is_accepted_has_a_reason() -> None:
    assert all(reason.strip() for reason in accepted().values())
