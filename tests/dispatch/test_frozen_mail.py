"""The mail of the console's campaign page: people who clicked at each link, nobody's values, our own images in it."""

from __future__ import annotations

from include.core.paths import DataPaths
from include.dispatch.preview.frozen import _with_images, with_clicks

MAIL = """<p><a href="https://shop.example/a?x=1&amp;utm=m">A</a> <a href="https://shop.example/a?x=2">B</a>
<a href="#">C</a></p>"""


def test_a_link_has_the_people_who_clicked_it() -> None:
    clicks = {"https://shop.example/a?x=1&utm=m": 1200, "https://shop.example/a?x=2": 3}
    shown = with_clicks(MAIL, clicks)
    assert "A [1,200 clicked]</a>" in shown
    assert "B [3 clicked]</a>" in shown
    assert ">C</a>" in shown


def test_without_its_whole_address_a_link_is_found_by_that_without_the_query() -> None:
    assert "A [7 clicked]</a>" in with_clicks(MAIL, {"https://shop.example/a": 7})


def test_images_of_our_own_are_in_the_mail(paths: DataPaths) -> None:
    paths.images.mkdir()
    (paths.images / "hero-1a2b.png").write_bytes(b"picture")
    ours, other = "https://mail.example/images/hero-1a2b.png", "https://mail.example/images/../secrets.json"
    shown = _with_images(paths, f'<img src="{ours}"><img src="{other}">')
    assert ours not in shown
    assert "data:image/png;base64,cGljdHVyZQ==" in shown
    assert other in shown
