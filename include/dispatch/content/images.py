"""Images of a template: files in its folder `images/`, published under a name that contains a hash of their bytes.

A compiled mail has a marker in the place of an image's URL, since the base URL belongs to the installation and not to the
content. `Content.with_images` replaces it: by the public URL when a plan is frozen, by the picture itself in previews.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

import imagesize
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from include.core.durable import write_durably
from include.core.errors import PlanError
from include.core.paths import DataPaths
from include.core.shop import load_shop
from include.core.suggestion import suggest
from include.dispatch.content.source_location import template_error

FOLDER = "images"
MARKER = "https://images.invalid/"
"""Before the published name of an image in a compiled mail. No such host can exist (RFC 2606)."""
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif"}
"""What every mail program shows; Outlook shows neither WebP nor SVG."""
MAX_BYTES = 1_000_000
HASH_DIGITS = 16


@dataclass(frozen=True)
class Image:
    """An image file with its size in pixels. `published` is its name for the public: `hero-0123456789abcdef.png`."""

    file: Path
    published: str
    width: int
    height: int

    @property
    def marker(self) -> str:
        """Its URL in a compiled mail."""
        return f"{MARKER}{self.published}"

    def data_url(self) -> str:
        """The picture itself as a URL, for pages that cannot reach the public one."""
        data = base64.b64encode(self.file.read_bytes()).decode()
        return f"data:{TYPES[self.file.suffix.lower()]};base64,{data}"


class Images:
    """The images that one template can show: its own, and those in `base/images/`, by file name."""

    def __init__(self, folder: Path) -> None:
        files = [*_files(folder.parent / "base"), *_files(folder)]
        self.known = {file.name: image_of(file) for file in files}

    def functions(self) -> dict[str, Any]:
        """The template functions `image` and `image_url`."""
        return {"image": self._tag, "image_url": self.url}

    def url(self, name: str) -> str:
        """The URL of an image, for attributes. Raises `PlanError` with the template's line for an unknown name."""
        return self._find(name).marker

    @pass_context
    def _tag(self, context: Context, name: str, alt: str | None = None, width: int | None = None) -> Markup:
        """An `<img>` with its size. `width` in pixels is for images that are drawn at less than their own size."""
        if not (context.name or "").endswith((".html.j2", ".mjml.j2")):
            raise template_error("image() is for HTML.", "Describe the image in words.")
        found = self._find(name)
        if alt is None:
            raise template_error(f"image('{name}') has no alt.", 'Describe it, or write alt="" for decoration.')
        shown = width or found.width
        height = round(found.height * shown / found.width)
        style = f"display: block; width: {shown}px; max-width: 100%; height: auto; border: 0;"
        return Markup('<img src="{}" width="{}" height="{}" alt="{}" style="{}">').format(
            found.marker, shown, height, alt, style
        )

    def _find(self, name: str) -> Image:
        return self.known.get(name) or self._unknown(str(name))

    def _unknown(self, name: str) -> NoReturn:
        remedy = suggest(name, self.known, kind="images") if self.known else f"Put it into the template's folder {FOLDER}/."
        raise template_error(f"there is no image '{name[:60]}'.", remedy)


def image_of(file: Path) -> Image:
    """The image in a file; a changed file is read again. Raises `PlanError` for one that mail programs do not show."""
    state = file.stat()
    return _read(file, state.st_mtime_ns, state.st_size)


def publish(paths: DataPaths, images: Iterable[Image]) -> None:
    """Copy images to where the edge serves them. A published image never changes, and mail shows it for years."""
    for image in images:
        target = paths.images / image.published
        if not target.exists():
            write_durably(target, image.file.read_bytes())


def public_urls(edge_url: str) -> Mapping[str, str]:
    """What the marker becomes: the shop's `images_url`, otherwise `/images/` of the edge."""
    base = load_shop().images_url or f"{edge_url.rstrip('/')}/images/"
    return {MARKER: f"{base.rstrip('/')}/"}


def _files(folder: Path) -> list[Path]:
    place = folder / FOLDER
    if not place.is_dir():
        return []
    with os.scandir(place) as entries:
        return sorted(place / entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))


@lru_cache(maxsize=1024)
def _read(file: Path, _modified: int, size: int) -> Image:
    where = f"{file.parent.parent.name}/{FOLDER}/{file.name}"
    if file.suffix.lower() not in TYPES:
        raise PlanError("is not an image that mail programs show.", where=where, remedy="Use PNG, JPEG or GIF.")
    if not file.stem.replace("-", "").replace("_", "").isalnum() or not file.name.isascii():
        raise PlanError("has a name that is not fit for a URL.", where=where, remedy="Use letters, digits, - and _.")
    if size > MAX_BYTES:
        raise PlanError(f"has {size // 1000} KB.", where=where, remedy=f"Compress it to {MAX_BYTES // 1000} KB or less.")
    width, height = imagesize.get(file)
    if width <= 0 or height <= 0:
        raise PlanError("cannot be read as an image.", where=where, remedy="Save it again as PNG, JPEG or GIF.")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:HASH_DIGITS]
    return Image(file, f"{file.stem}-{digest}{file.suffix.lower()}", width, height)
