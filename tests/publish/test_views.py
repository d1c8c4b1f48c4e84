"""The pages of the console that are made from files of the data folder."""

from __future__ import annotations

import base64

from include.core.paths import DataPaths
from include.publish.views import journeys_page


def test_the_page_of_journeys_shows_each_picture_as_an_image(paths: DataPaths) -> None:
    assert "run_journeys" in journeys_page(paths)
    paths.journeys.mkdir()
    (paths.journeys / "welcome_series.svg").write_text("<svg>5 here</svg>")
    page = journeys_page(paths)
    assert base64.b64encode(b"<svg>5 here</svg>").decode() in page
    assert "welcome_series, drawn " in page
    assert "<svg" not in page
