"""Python, DuckDB and Arrow agree on which names look like templates."""

from __future__ import annotations

import re

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.core import template_names
from include.core.errors import ConfigurationError

TEMPLATES = [
    "{{ 7 * 7 }}", "{{name}}", "{{{x}}}", "{{#each this}}", "{% if x %}", "{%", "{# c #}", "{$name}", "${name}", "${7*7}",
    "#{name}", "<%= name %>", "[[name]]", "[[First Name]]", "[% name %]", "<?php echo 1", "%FNAME%", "%%first_name%%",
    "%recipient.name%", "*|FNAME|*", "*|FNAME:there|*", "{name}", "{ name }", "{first_name}", "{firstName}", "{user.name}",
    "{FNAME}", "{0}", "Hi {name}!", "[First Name]", "[FNAME]", "<first_name>", "<<name>>", "<b>Ada</b>", "<br/>", "</p>",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!-- x",
]  # fmt: skip
NAMES = [
    "Ada", "O'Brien", "D'Angelo", "D'Angelo {Bob}", "{bob}", "Bob [Robert]", "[Bob]", "<Bob>", "<Ada Lovelace>", "Ke$ha",
    "A$AP Rocky", "$ara", "A{B}C", "Ada {}", "[]", "{-_-}", "Ada <3", "Ada <ada@e.org>", "><", "100%", "50% Off%",
    "100%Ada%Bob", "Ali%", "#1", "a*b*c", "|x|", "Ada & Co.", 'J. R. "Bob" Dobbs', "Anna (Anni)", "van 't Hoff", "St. John",
    "Jean-Luc", "N/A", "X Æ A-12", "Nguyễn", "\u0410\u0434\u0430", "\u674e", "\u200f\u0639\u0644\u064a",
    "=cmd|' /C calc'!A0", "Robert'); drop table subscribers;--",
]  # fmt: skip


def matches(text: str) -> set[bool]:
    """The results of Python, DuckDB and Arrow."""
    pattern = template_names.LOOKS_LIKE_TEMPLATE
    (by_duckdb,) = duckdb.execute("select regexp_matches($text, $pattern)", {"text": text, "pattern": pattern}).fetchall()[0]
    by_arrow = pc.match_substring_regex(pa.array([text]), pattern)[0].as_py()
    return {bool(re.search(pattern, text)), by_duckdb, by_arrow}


@pytest.mark.parametrize("text", TEMPLATES)
def test_templates_match(text: str) -> None:
    assert matches(text) == {True}


@pytest.mark.parametrize("text", NAMES)
def test_unusual_names_do_not_match(text: str) -> None:
    assert matches(text) == {False}


@pytest.mark.parametrize(("value", "expected"), [("", "default"), (" Keep ", "keep"), ("quarantine", "quarantine")])
def test_the_policy_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, value: str, expected: str) -> None:
    monkeypatch.setenv(template_names.SETTING, value)
    assert template_names.policy() == expected


def test_an_unknown_policy_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(template_names.SETTING, "drop")
    with pytest.raises(ConfigurationError, match=r"TRADEWIND_TEMPLATE_NAMES: is not valid .* Use one of default"):
        template_names.policy()
