"""Checks and rewrites a template's syntax tree: every `{{ … }}` gets its escaping context, every block its fields."""

from __future__ import annotations

from typing import Any

from jinja2 import TemplateAssertionError, nodes

from include.dispatch.content import mjml
from include.dispatch.content.escaping_context import HEADER, TEXT, PlainReader, UnsafeContext
from include.dispatch.content.fields import PERSON_LINKS, FieldFinder, qualify_links
from include.dispatch.content.html_reader import HtmlReader, Reader
from include.dispatch.content.jinja_syntax import all_nodes
from include.dispatch.content.personal import (
    COUNT_ITERATION,
    MADE,
    OUTPUT,
    PersonalExtension,
    captured_names,
    is_personal_block,
    uncapturable_name,
)
from include.dispatch.content.products import PERSONAL, SHARED, known_lists, unknown_list

_LINKS = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class TemplatePreparation(FieldFinder):
    """Rewrites the tree of one template in place. Raises `PlanError` with file and line."""

    _blocks = 0
    """The number of `{% personal %}` blocks so far: a line may have several."""

    def prepare(self, tree: nodes.Template) -> nodes.Template:
        """Check and rewrite the tree."""
        tree = qualify_links(tree)
        self._check(tree)
        self._walk(tree.body, self._new_reader(), personal=False)
        every = all_nodes(tree)
        for joined in (node for node in every if isinstance(node, nodes.Concat)):
            joined.nodes = [self._call(MADE, [part], part) for part in joined.nodes]
        for loop in (node for node in every if isinstance(node, nodes.For)):
            size = nodes.Const(sum(len(text.data) for part in loop.body for text in part.find_all(nodes.TemplateData)))
            loop.body.insert(0, nodes.Output([self._call(COUNT_ITERATION, [size], loop)]).set_lineno(loop.lineno))
        tree.set_environment(self.environment)
        return tree

    def _new_reader(self) -> Reader:
        if self.environment.is_markup(self.name):
            return HtmlReader()
        return PlainReader(HEADER if self.name.rpartition("/")[2].startswith("subject") else TEXT)

    def _check(self, tree: nodes.Template) -> None:
        every = all_nodes(tree)
        for link in (node for node in every if isinstance(node, _LINKS)):
            self._check_link(link)
        for scope in (node for node in every if isinstance(node, nodes.ScopedEvalContextModifier)):
            raise self.error(scope, "autoescape cannot be changed.", "Remove the tag; values are escaped for their context.")
        for name in (node for node in every if isinstance(node, nodes.Name)):
            if name.name in {"person", *PERSON_LINKS} and name.ctx != "load":
                raise self.error(name, f"{name.name} is a reserved name.", "Choose another name for your variable.")
        for node in every:
            if isinstance(node, (nodes.Getattr, nodes.Getitem)):
                self.path(node)
            elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "products":
                self.environment.shows_products(self._list_name(node))

    def _list_name(self, call: nodes.Call) -> str:
        """The list that `products("…")` names, which must be known before the mail is rendered."""
        name = call.args[0] if call.args else None
        if not isinstance(name, nodes.Const) or not isinstance(name.value, str):
            raise self.error(call, "products() does not name a list.", 'Write its name as text: products("top_sellers", 3).')
        if name.value not in known_lists(SHARED):
            what = f"there is no list of products '{name.value[:40]}'."
            if name.value in known_lists(PERSONAL):
                raise self.error(call, what, f"It is one for each person: person.products.{name.value}.")
            raise self.error(call, what, unknown_list(name.value, SHARED))
        return name.value

    def _check_link(self, link: Any) -> None:
        target = link.template
        if not isinstance(target, nodes.Const) or not isinstance(target.value, str):
            raise self.error(
                link,
                "The name of the other template is not a plain text literal.",
                'Write {% include "folder/name.html.j2" %}.',
            )
        if self.environment.is_markup(target.value) != self.environment.is_markup(self.name):
            raise self.error(
                link,
                "HTML and plain text are mixed.",
                "Include .html.j2 files in .html.j2 files, .txt.j2 files in .txt.j2 files.",
            )

    def _walk(self, body: list[nodes.Node], reader: Reader, *, personal: bool) -> Reader:
        """Determine the context of every output in `body`; returns the reader after it."""
        for node in body:
            reader = self._visit(node, reader, personal)
        return reader

    def _visit(self, node: Any, reader: Reader, personal: bool) -> Reader:
        if isinstance(node, nodes.Output):
            self._output(node, reader, personal)
        elif isinstance(node, nodes.If):
            return self._branches(node, reader, personal)
        elif isinstance(node, nodes.For):
            return self._loop(node, reader, personal)
        elif is_personal_block(node):
            self._block(node, reader, personal)
        elif isinstance(node, (nodes.Macro, nodes.CallBlock, nodes.AssignBlock)):
            self._walk(node.body, self._new_reader(), personal=personal)
        elif isinstance(node, (nodes.Block, nodes.With, nodes.Scope, nodes.FilterBlock)):
            if personal and isinstance(node, nodes.Block):
                raise self.error(node, "A {% block %} is inside {% personal %}.", "Put the {% personal %} inside the block.")
            return self._walk(node.body, reader, personal=personal)
        return reader

    def _output(self, node: nodes.Output, reader: Reader, personal: bool) -> None:
        for index, part in enumerate(node.nodes):
            if isinstance(part, nodes.TemplateData):
                reader.feed(part.data)
                continue
            try:
                context = reader.context()
            except UnsafeContext as refused:
                if personal:
                    raise self.error(part, str(refused), "Move it, or write the variants out in full.") from None
                context = ""
            given = [part, nodes.Const(context), nodes.Const(self.filename or self.name), nodes.Const(part.lineno)]
            node.nodes[index] = self._call(OUTPUT, given, part)
            reader.insert_value()

    def _branches(self, node: nodes.If, reader: Reader, personal: bool) -> Reader:
        bodies = [node.body, *(branch.body for branch in node.elif_), node.else_]
        ends = [self._walk(body, reader.copy(), personal=personal) for body in bodies]
        return ends[0].merged(ends[1:])

    def _loop(self, node: nodes.For, reader: Reader, personal: bool) -> Reader:
        end = self._walk(node.body, reader.copy(), personal=personal)
        if personal and not end.is_loop_stable(reader):
            raise self.error(node, "An iteration of the loop changes the HTML context.", "Let it close what it opens.")
        return self._walk(node.else_, reader.copy(), personal=personal).merged([end])

    def _block(self, node: nodes.CallBlock, reader: Reader, personal: bool) -> None:
        if personal:
            raise self.error(node, "A {% personal %} block is inside another.", "Close the first one before.")
        if self.name.endswith(mjml.ENDING) and any("<mj-" in data.data for data in node.find_all(nodes.TemplateData)):
            remedy = "Put the block into an <mj-text> or <mj-raw>: MJML becomes HTML once for everybody."
            raise self.error(node, "A {% personal %} block contains an element of MJML.", remedy)
        try:
            context = reader.context()
        except UnsafeContext as refused:
            raise self.error(node, str(refused), "Move the {% personal %} block.") from None
        fields = set(self.paths_of_block(node))
        try:
            names = captured_names(
                node.body, self.environment, [self.included(link)[1] for link in node.find_all(nodes.Include)]
            )
        except TemplateAssertionError as error:  # Jinja compiles a copy of the block to find its names.
            error.name, error.filename = self.name, self.filename
            raise
        if special := uncapturable_name(names):
            raise self.error(
                node, f"{special} cannot be used in a {{% personal %}} block.", "Set a variable before the block."
            )
        if not self._walk(node.body, reader.copy(), personal=True).returns_to(reader):
            raise self.error(
                node, "The {% personal %} block ends in another context of the HTML.", "Let it close what it opens."
            )
        self._blocks += 1
        place = (self.filename or self.name, node.lineno, self._blocks, context)
        location: list[nodes.Expr] = [nodes.Const(value) for value in place]
        field_names = nodes.Const(" ".join(sorted(".".join(path) for path in fields)))
        node.call.args = [*location, field_names, *(nodes.Name(name, "load") for name in names)]
        node.args = [nodes.Name(name, "param") for name in names]
        reader.insert_value()

    def _call(self, method: str, given: list[nodes.Expr], like: nodes.Node) -> nodes.Call:
        attribute = nodes.ExtensionAttribute(PersonalExtension.identifier, method)
        call = nodes.Call(attribute, given, [], None, None)
        call.set_lineno(like.lineno)
        return call
