"""What the columns of a marketer's query refer to, and those that do not exist: found without data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from include.core.known_columns import tables
from include.core.segment_reference import is_reference
from include.core.suggestion import suggest

Violation = tuple[str, exp.Expr, str]
"""What is wrong, the node of the query, and the remedy."""
_CURLY = "“”‘’„‚"
_COMPARED = (exp.EQ, exp.NEQ, exp.In)


def unknown_columns(query: exp.Query) -> Iterator[Violation]:
    """Columns that do not exist."""
    for visible in scopes(query):
        for column in visible.scope.find_all(exp.Column):
            yield from _unknown_column(column, visible)


def scopes(query: exp.Query) -> Iterator[Visible]:
    """The query and each query within it, innermost first. No two tables of a FROM may have one name (`named_twice`)."""
    return map(Visible, traverse_scope(query))


def named_twice(query: exp.Query) -> Iterator[Violation]:
    """Tables of one FROM that have the same name, so that no column of them can be told apart."""
    for select in query.find_all(exp.Select):
        names: set[str] = set()
        joins = [join for join in select.args.get("joins", []) if join.kind not in ("SEMI", "ANTI")]
        for read in [select.args.get("from_"), *joins]:
            name = read.this.alias_or_name.lower() if read else ""
            if name in names - {""}:
                yield f"reads two tables that are both named {name}.", read.this, "Name each of them: `as <name>`."
            names.add(name)


@dataclass(frozen=True)
class Visible:
    """What the columns of a scope can refer to: its own sources, and those of the queries around it."""

    scope: Scope

    def sources(self) -> Iterator[tuple[str, exp.Expr | Scope]]:
        current: Scope | None = self.scope
        while current is not None:
            yield from ((alias.lower(), source) for alias, (_, source) in current.selected_sources.items())
            current = current.parent

    def candidates(self, column: exp.Column) -> list[exp.Expr | Scope]:
        """The sources that the column can come from; those of its qualifier if it has one."""
        return [source for alias, source in self.sources() if not column.table or alias == column.table.lower()]

    def aliases(self) -> set[str]:
        """Names that the query gives to its own columns."""
        return {name.lower() for name in _outputs(self.scope)}

    def origin(self, column: exp.Column) -> tuple[str, str] | None:
        """The table and column that a column is, through subqueries that only pass it on; None if it is something else."""
        for source in self.candidates(column):
            if isinstance(source, Scope):
                if passed_on := Visible(source)._passed_on(column):
                    return passed_on
            elif column.name.lower() in _columns(source):
                return _name(source), column.name.lower()
        return None

    def _passed_on(self, column: exp.Column) -> tuple[str, str] | None:
        """The origin of a column that this query returns, by its name or by `*`."""
        inner = _output(self.scope, column.name)
        if isinstance(inner, exp.Column) and not isinstance(inner.this, exp.Star):
            return self.origin(inner)
        if inner is not None or "*" not in _outputs(self.scope):
            return None
        tables = [source for _, source in self.scope.selected_sources.values() if not isinstance(source, Scope)]
        named = next((table for table in tables if column.name.lower() in _columns(table)), None)
        return (_name(named), column.name.lower()) if named else None


def _name(source: exp.Expr) -> str:
    return f"{source.args['db'].name}.{source.name}".lower() if source.args.get("db") else source.name.lower()


def _columns(source: exp.Expr | Scope) -> set[str]:
    """The columns of a source in lower case; empty if they are not known."""
    if isinstance(source, exp.Table) and is_reference(source):
        return {"subscriber_id"}
    if not isinstance(source, Scope):
        return set(tables()[_name(source)].columns) if _name(source) in tables() else set()
    named = _outputs(source)
    return set() if not named or "*" in named else {name.lower() for name in named}


def _outputs(scope: Scope) -> list[str]:
    """The names of the columns that a query returns."""
    query = scope.expression
    return query.named_selects if isinstance(query, exp.Query) else []


def _output(scope: Scope, name: str) -> exp.Expr | None:
    """The expression that a query returns under a name, without its alias."""
    query = scope.expression
    selects = query.selects if isinstance(query, exp.Query) else []
    found = next((one for one in selects if one.alias_or_name.lower() == name.lower()), None)
    return found.this if isinstance(found, exp.Alias) else found


def _unknown_column(column: exp.Column, visible: Visible) -> Iterator[Violation]:
    sources = visible.candidates(column)
    known = [_columns(source) for source in sources]
    if not sources or not all(known) or isinstance(column.this, exp.Star):
        return
    names = set().union(*known)
    if column.name.lower() in names | {"rowid"} or (not column.table and column.name.lower() in visible.aliases()):
        return
    remedy = f"{_instead(column, sources)}{suggest(column.name, names, kind='columns')}"
    yield f"there is no column {column.name}{_of(sources)}.", column, remedy


def _of(sources: list[exp.Expr | Scope]) -> str:
    named = sorted({_name(source) for source in sources if not isinstance(source, Scope)})
    return f" in {' or '.join(named)}" if named else ""


def _instead(column: exp.Column, sources: list[exp.Expr | Scope]) -> str:
    """What a name that is no column of these sources may be instead: a text without its quotes, or a column elsewhere."""
    if column.name[:1] in _CURLY:
        return f"Write straight single quotes: '{column.name.strip(_CURLY)}'. "
    elsewhere = [name for name, table in tables().items() if column.name.lower() in table.columns]
    if elsewhere and any(not isinstance(source, Scope) for source in sources):
        return f"{' and '.join(elsewhere)} {'has' if len(elsewhere) == 1 else 'have'} it: join by subscriber_id. "
    is_quoted = isinstance(column.this, exp.Identifier) and column.this.quoted
    if is_quoted or (not column.table and isinstance(column.parent, _COMPARED) and column.arg_key != "this"):
        return f"If it is a text, write it in single quotes: '{column.name}'. "
    return ""
