"""DAG files contain only wiring: they are short and have no branches or computed lists."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

from include.core.paths import PROJECT

MAX_LINES_OF_CODE = 80
FILES = sorted((PROJECT / "dags").glob("*.py"))
DECISIONS = (
    ast.If, ast.IfExp, ast.While, ast.Match, ast.BoolOp, ast.Compare, ast.Raise,
    ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.BinOp,
)  # fmt: skip
WIRING = (ast.LShift, ast.RShift, ast.BitOr)
"""`a >> b` orders tasks; `A | B` is an asset condition."""


def lines_of_code(path: Path) -> int:
    """The number of lines of code, without docstrings, comments and blank lines."""
    tree = ast.parse(path.read_text())
    documented = [
        node for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.FunctionDef)) and ast.get_docstring(node)
    ]
    docstrings = {
        line
        for node in documented
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or node.body[0].lineno) + 1)
    }
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    lines = {line for token in tokens if token.type not in skipped for line in range(token.start[0], token.end[0] + 1)}
    return len(lines - docstrings)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_file_is_short(path: Path) -> None:
    assert lines_of_code(path) < MAX_LINES_OF_CODE


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_file_contains_only_wiring(path: Path) -> None:
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, DECISIONS)]
    policy = [node for node in found if not (isinstance(node, ast.BinOp) and isinstance(node.op, WIRING))]
    assert [f"{path.name}, line {node.lineno}: {type(node).__name__}" for node in policy] == []
