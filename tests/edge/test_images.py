"""The edge serves the images of mails, and no other file."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import httpx
import pytest

from include.core.paths import DataPaths
from tests.edge.conftest import Edge
from tests.png import png

NAME = "hero-0123456789abcdef.png"


@pytest.fixture
def published(paths: DataPaths) -> bytes:
    paths.images.mkdir(exist_ok=True)
    (paths.images / NAME).write_bytes(png(4, 3))
    return png(4, 3)


def test_an_image_is_served_and_may_be_kept_for_ever(edge: Edge, published: bytes) -> None:
    answer = httpx.get(f"{edge.url}/images/{NAME}")
    assert (answer.status_code, answer.content) == (200, published)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert httpx.head(f"{edge.url}/images/{NAME}").headers["Content-Length"] == str(len(published))


@pytest.mark.parametrize(
    "target",
    [
        "/images/../secrets.json",
        "/images/..%2fsecrets.json",
        "/images/%2e%2e/secrets.json",
        "/images/....//secrets.json",
        "/images//etc/passwd",
        "/images/secrets.json",
        "/images/other-0123456789abcdef.png",
        "/images/link-0123456789abcdef.png",
        "/images/hero-0123456789abcdef.png%00.json",
        "/images/hero-0123456789abcdef.png%0a",
        "/images/",
    ],
)
def test_no_other_file_is_served(edge: Edge, paths: DataPaths, published: bytes, target: str) -> None:
    link = paths.images / "link-0123456789abcdef.png"
    link.unlink(missing_ok=True)
    link.symlink_to(paths.secrets)
    raw = http.client.HTTPConnection(urlsplit(edge.url).netloc, timeout=5)
    raw.request("GET", target)  # http.client does not normalise the path, httpx does.
    answer = raw.getresponse()
    assert answer.status == 404
    assert answer.headers["Cache-Control"] == "no-store"
    raw.close()


def test_images_are_read_only(edge: Edge, published: bytes) -> None:
    assert httpx.put(f"{edge.url}/images/{NAME}", content=b"x").status_code == 405
