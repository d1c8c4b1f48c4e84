"""Images of a template: their size and name, what is wrong with them, and where they are published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.core.errors import PlanError
from include.core.paths import DataPaths
from include.dispatch.content import render_one
from include.dispatch.content.images import public_urls, publish
from tests.dispatch.content.conftest import LINKS, Compile, element
from tests.png import png

HERO = '{{ image("hero.png", alt="A boat", width=300) }}'


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The folder of the template's images, with `hero.png`."""
    folder = tmp_path / "letter" / "images"
    folder.mkdir(parents=True)
    (folder / "hero.png").write_bytes(png(1200, 600))
    return folder


def test_an_image_has_its_size_its_alt_and_a_name_by_its_bytes(compile_parts: Compile, pictures: Path) -> None:
    content = compile_parts(HERO + '{{ image("hero.png", alt="") }}')
    first = element(content.html, "img").attributes
    assert (first["width"], first["height"], first["alt"]) == ("300", "150", "A boat")
    assert 'width="1200" height="600" alt=""' in content.html
    assert content.images[0].published.startswith("hero-")
    (pictures / "hero.png").write_bytes(png(1200, 600, shade=1))
    other = compile_parts(HERO)
    assert other.images[0].published != content.images[0].published


def test_the_hash_covers_the_bytes_of_images(compile_parts: Compile, pictures: Path) -> None:
    block = "<p>{% personal %}{% if person.purchases %}" + HERO + "{% endif %}{% endpersonal %}</p>"
    before = compile_parts(block).content_hash
    assert compile_parts(block).content_hash == before
    (pictures / "hero.png").write_bytes(png(1200, 600, shade=1))
    assert compile_parts(block).content_hash != before


def test_published_images_are_where_the_mail_says(compile_parts: Compile, pictures: Path, tmp_path: Path) -> None:
    block = "<p>{% personal %}{% if person.purchases %}" + HERO + "{% endif %}{% endpersonal %}</p>"
    content, paths = compile_parts(HERO + block), DataPaths(tmp_path / "data")
    publish(paths, content.images)
    html = render_one(content.with_images(public_urls("https://mail.example.com/")), {**LINKS, "purchases": 1}).html
    (name,) = [file.name for file in paths.images.iterdir()]
    assert (paths.images / name).read_bytes() == (pictures / "hero.png").read_bytes()
    assert html.count(f'src="https://mail.example.com/images/{name}"') == 2
    assert "images.invalid" not in html


def test_images_of_the_base_folder_are_for_all_templates(compile_parts: Compile, tmp_path: Path) -> None:
    (tmp_path / "base" / "images").mkdir(parents=True)
    (tmp_path / "base" / "images" / "logo.png").write_bytes(png(20, 10))
    html = compile_parts('<table><tr><td background="{{ image_url("logo.png") }}">x</td></tr></table>').html
    assert 'background="https://images.invalid/logo-' in html


@pytest.mark.parametrize(
    ("html", "said", "remedy"),
    [
        ('<p></p>\n{{ image("hro.png", alt="x") }}', "there is no image 'hro.png'", "Did you mean hero.png?"),
        ('<p></p>\n{{ image("hero.png") }}', r"image\('hero.png'\) has no alt", "Describe it"),
        ('<p></p>\n{{ image("hero.png", alt=person.country) }}', "passed to a function", "Only macros"),
    ],
)
def test_mistakes_have_their_line(compile_parts: Compile, pictures: Path, html: str, said: str, remedy: str) -> None:
    with pytest.raises(PlanError, match=said) as raised:
        compile_parts(html)
    assert raised.value.where == "letter/body.html.j2, line 3"
    assert remedy in raised.value.remedy


def test_an_alt_is_escaped(compile_parts: Compile, pictures: Path) -> None:
    content = compile_parts("""{{ image("hero.png", alt='"><script>') }}""")
    assert element(content.html, "img").attributes["alt"] == '"><script>'


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.webp", b"RIFF", "not an image that mail programs show"),
        ("a.svg", b"<svg/>", "not an image that mail programs show"),
        ("a.png", b"no image", "cannot be read as an image"),
        ("a b.png", png(1, 1), "not fit for a URL"),
        ("a.jpg", b"\xff" * 1_000_001, "has 1000 KB"),
    ],
)
def test_files_that_mail_cannot_show(compile_parts: Compile, pictures: Path, name: str, data: Any, said: str) -> None:
    (pictures / name).write_bytes(data)
    with pytest.raises(PlanError, match=said) as raised:
        compile_parts()
    assert raised.value.where == f"letter/images/{name}"
