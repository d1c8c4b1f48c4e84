"""Files that are compiled once for several contents lead to the same contents as files that are compiled for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.campaign_file import load_campaign
from include.dispatch.content import Content, compile_content
from include.dispatch.content.compiled_files import CompiledFiles
from include.dispatch.plan.contents import compile_one
from tests.dispatch.content.conftest import Compile, a_campaign
from tests.dispatch.content.test_products import SHARED

INCLUDED = '<div>{% personal %}{% include "more.html.j2" %}{% endpersonal %}</div>'


def again(folder: Path, compiled: CompiledFiles | None) -> Content:
    campaign = a_campaign()
    return compile_content(
        folder / "letter", campaign=campaign, variant=campaign.variants[0], locale="en", compiled=compiled
    )  # fmt: skip


@pytest.mark.parametrize(("html", "lists"), [(SHARED, {"top_sellers"}), (INCLUDED, set()), ("<p>Hello</p>", set())])
def test_a_content_from_compiled_files_is_made_of_the_same_files_and_lists(
    compile_parts: Compile, tmp_path: Path, html: str, lists: set[str]
) -> None:
    """Also of a file that is read only while another one is compiled: each edit of it is another content."""
    compile_parts(html, files={"letter/more.html.j2": "Hello {{ person.first_name }}"})
    compiled = CompiledFiles()
    alone, first, second = again(tmp_path, None), again(tmp_path, compiled), again(tmp_path, compiled)
    assert alone.content_hash == first.content_hash == second.content_hash
    assert alone.product_lists == first.product_lists == second.product_lists == lists
    (tmp_path / "letter" / "more.html.j2").write_text("Goodbye {{ person.first_name }}")
    is_made_of_it = html == INCLUDED
    assert (again(tmp_path, compiled).content_hash != alone.content_hash) is is_made_of_it
    assert again(tmp_path, compiled).content_hash == again(tmp_path, None).content_hash


def test_lists_of_one_file_are_not_those_of_another_that_it_includes(compile_parts: Compile, tmp_path: Path) -> None:
    shared = {"base/shared.html.j2": "<p>Shared</p>"}
    compile_parts(SHARED + '{% include "base/shared.html.j2" %}', files=shared)
    compiled = CompiledFiles()
    assert again(tmp_path, compiled).product_lists == {"top_sellers"}
    compile_parts('<p>Plain</p>{% include "base/shared.html.j2" %}')
    alone, other = again(tmp_path, None), again(tmp_path, compiled)
    assert not other.product_lists
    assert other.content_hash == alone.content_hash


def test_shipped_mails_that_share_a_layout_are_the_same_in_any_order() -> None:
    compiled = CompiledFiles()
    for name in ("summer_sale", "winback", "summer_sale"):
        campaign = load_campaign(name)
        of = f"{campaign.variants[0].id}.de"
        assert compile_one(campaign, of, compiled=compiled).content_hash == compile_one(campaign, of).content_hash
