"""The conditions of a segment: the terms of its WHERE and the segments that it joins, each as a column per person.

They are computed from the definition by the parser: the top-level conjunction is split, and each term is evaluated over the
same tables without the WHERE. A person fulfils a term if any of their rows does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from include.core import sql_literal
from include.core.segment_reference import MEMBERS_NOW, SCHEMA, resolve
from include.core.sql_literal import Literal
from include.segment.catalogue import Segment
from include.segment.definition import Definition

PEOPLE = "(select subscriber_id from temp.people)"
"""The people for whom the conditions are evaluated; stands for a segment that is joined, which is a condition of its own."""

_PERSON = "subscriber_id"
_NOT_A_CONJUNCTION = ("group", "having", "qualify", "distinct", "limit", "offset", "windows")


@dataclass(frozen=True)
class Conditions:
    """What each condition is, and a statement with a row per person of `temp.people` and the columns c0, c1 and so on."""

    texts: tuple[str, ...]
    statement: str


def conditions(
    segment: Segment,
    members: str = MEMBERS_NOW,
    tables: Mapping[str, str] | None = None,
    moved: Mapping[str, str] | None = None,
    joined_members: str | None = None,
) -> Conditions | None:
    """The conditions of a segment; None if its query is no conjunction of terms (a union, a group, a join without ON).

    `members` is the query on the members of a segment that it reads, as in `resolve`; `tables` names other tables of the
    schema segment to read, by the name of the table; `moved` names temporary tables with the rows of the people in question,
    which are read where the query takes its people from, and `joined_members` is as `members`, but of these people, for the
    segments that it joins.
    """
    definition = segment.definition
    original = definition.query.tree
    if not isinstance(original, exp.Select) or any(original.args.get(part) for part in _NOT_A_CONJUNCTION):
        return None
    if any(not (join.args.get("on") or join.args.get("using")) for join in original.args.get("joins") or ()):
        return None
    joined = _joined(original, definition)
    text = resolve(
        definition.statement, definition.reads, lambda number: PEOPLE if number in joined else members.format(number)
    )
    tree = sqlglot.parse_one(text, dialect="duckdb")
    assert isinstance(tree, exp.Select)
    _rename(tree, tables or {})
    _read_moved(tree, moved or {})
    said = [f"in segment {segment.reads[number]}" for number in joined]
    said += [_words(term, segment.values) for term in _terms(original)]
    return Conditions(tuple(said), _statement(tree, [(joined_members or members).format(number) for number in joined]))


def _joined(query: exp.Select, definition: Definition) -> list[int]:
    """The numbers of the references in FROM and inner joins: whoever is not in them is not in the segment."""
    sources = [query.args["from_"].this] if query.args.get("from_") else []
    sources += [join.this for join in query.args.get("joins") or () if (join.side or join.kind or "INNER") == "INNER"]
    starts = {one.args["db"].meta["start"] for one in sources if isinstance(one, exp.Table) and one.args.get("db")}
    return [number for number, one in enumerate(definition.reads) if one.start in starts]


def _terms(query: exp.Select) -> list[exp.Expr]:
    where = query.args.get("where")
    if where is None:
        return []
    return list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]


def _rename(tree: exp.Select, tables: Mapping[str, str]) -> None:
    """Read other tables; each keeps its name as alias."""
    for table in tree.find_all(exp.Table):
        if table.db.lower() == SCHEMA and table.name.lower() in tables:
            name = table.name.lower()
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
            table.set("this", exp.to_identifier(tables[name]))


def _read_moved(tree: exp.Select, moved: Mapping[str, str]) -> None:
    """Read temporary tables in FROM, where the people come from it, and in joins with them by id.

    Other rows of these tables are nobody's in question.
    """
    source, joins = tree.args["from_"].this, tree.args.get("joins") or ()
    who = tree.expressions[0].unalias()
    if not isinstance(who, exp.Column) or who.name.lower() != _PERSON or who.table not in ("", source.alias_or_name):
        return
    if any(join.side in ("RIGHT", "FULL") for join in joins):
        return
    for table in (source, *(join.this for join in joins if _is_by_person(join, who))):
        if isinstance(table, exp.Table) and table.db.lower() == SCHEMA and table.name.lower() in moved:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("db", exp.to_identifier("temp"))
            table.set("this", exp.to_identifier(moved[table.name.lower()]))


def _is_by_person(join: exp.Join, who: exp.Column) -> bool:
    """Whether only rows with the id of the person are joined."""
    if any(column.name.lower() == _PERSON for column in join.args.get("using") or ()):
        return True
    joined = exp.column(_PERSON, table=join.this.alias_or_name)
    terms = on.flatten() if isinstance(on := join.args.get("on"), exp.And) else [on]
    return bool(who.table) and any(isinstance(term, exp.EQ) and {term.left, term.right} == {who, joined} for term in terms)


def _statement(tree: exp.Select, bases: list[str]) -> str:
    """One row per person of `temp.people`: membership of each base, then each term, false where there is no row."""
    terms = _terms(tree)
    who = tree.expressions[0].unalias()
    columns = [f"coalesce(people.subscriber_id in {base}, false) as c{number}" for number, base in enumerate(bases)]
    columns += [f"coalesce(met.t{number}, false) as c{len(bases) + number}" for number in range(len(terms))]
    for term in terms:
        term.pop()
    met = tree
    met.set("where", None)
    met.set("expressions", [exp.alias_(who.copy(), "subscriber_id")])
    for number, term in enumerate(terms):
        met.append("expressions", exp.alias_(exp.func("bool_or", term, dialect="duckdb"), f"t{number}"))
    met.set("group", exp.Group(expressions=[who.copy()]))
    met.set("where", exp.Where(this=exp.In(this=who.copy(), query=sqlglot.parse_one(PEOPLE, dialect="duckdb"))))
    listed = ", ".join(["people.subscriber_id", *columns])
    return (
        f"select {listed} from temp.people as people\n"
        f"left join ({met.sql('duckdb')}) as met on people.subscriber_id = met.subscriber_id"
    )


def _words(term: exp.Expr, values: Mapping[str, Literal]) -> str:
    """The term as text, with the values of its parameters."""
    shown = term.copy()
    for parameter in list(shown.find_all(exp.Placeholder, exp.Parameter)):
        if parameter.name in values:
            literal = sqlglot.parse_one(sql_literal.write(values[parameter.name]), dialect="duckdb")
            shown = literal if parameter is shown else shown
            parameter.replace(literal)
    return " ".join(shown.sql("duckdb", normalize_functions="lower").split())
