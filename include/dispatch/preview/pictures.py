"""Pictures of mails at desktop and phone width, light and dark, by Chromium where it is installed."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from html import unescape
from pathlib import Path

from include.core import clock
from include.dispatch.preview.model import Mail
from include.dispatch.preview.page import DESKTOP, PHONE, render

log = logging.getLogger(__name__)

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60.0
"""How long one start of Chromium may take; a loaded machine needs some."""
TOTAL_SECONDS = 40.0
"""After this time no further picture is started: the task holds the slot of the warehouse meanwhile."""
MAX_HEIGHT = 8_000
GAP = 24
SCHEMES = ("light", "dark")
"""A frame's document has the scheme of the frame: `prefers-color-scheme` (CSS Color Adjustment 1, 2.2)."""
_HEIGHTS = re.compile(r'<pre id="heights">(.*?)</pre>', re.DOTALL)


def browser() -> str | None:
    """The path of Chromium; None if it is not installed."""
    return next((found for program in PROGRAMS if (found := shutil.which(program))), None)


def take_pictures(mails: Sequence[Mail], folder: Path) -> list[Path]:
    """One PNG per mail in `folder`, `mail-1.png` and so on: at desktop and phone width, first light, then dark.

    Scripts of a mail do not run, as in mail programs. Returns no pictures if there is no Chromium, or if it fails, and fewer
    if it takes longer than `TOTAL_SECONDS`: all mails are in the page as HTML.
    """
    program = browser()
    if program is None or not mails:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            return _pictures(program, mails, folder, Path(scratch))
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            log.warning("there are no pictures: %s (%s)", program, type(error).__name__)
            shutil.rmtree(folder, ignore_errors=True)
            return []


def _pictures(program: str, mails: Sequence[Mail], folder: Path, scratch: Path) -> list[Path]:
    until = clock.elapsed() + TOTAL_SECONDS
    taken = list[Path]()
    for number, (mail, height) in enumerate(zip(mails, _measure(program, mails, scratch), strict=True), 1):
        if clock.elapsed() < until:
            taken.append(_picture(program, mail, height, folder / f"mail-{number}.png", scratch))
    return taken


def _measure(program: str, mails: Sequence[Mail], scratch: Path) -> list[int]:
    """The height of each mail in CSS pixels: that of the higher of its two widths."""
    page = _written(scratch, "measure.html.j2", mails=mails, widths=(DESKTOP, PHONE))
    dumped = _run(program, scratch, "--virtual-time-budget=5000", "--dump-dom", page.as_uri())
    found = _HEIGHTS.search(dumped.decode("utf-8", "replace"))
    if found is None:
        raise ValueError("Chromium did not measure the mails")
    return [min(max(int(height), 100), MAX_HEIGHT) for height in json.loads(unescape(found[1]))]


def _picture(program: str, mail: Mail, height: int, file: Path, scratch: Path) -> Path:
    page = _written(scratch, "picture.html.j2", mail=mail, height=height, widths=(DESKTOP, PHONE), schemes=SCHEMES, gap=GAP)
    size = f"--window-size={len(SCHEMES) * (DESKTOP + PHONE + 2 * GAP) + GAP},{height + 2 * GAP}"
    _run(program, scratch, "--hide-scrollbars", size, f"--screenshot={file}", page.as_uri())
    if not file.is_file():
        raise ValueError("Chromium took no picture")
    return file


def _written(scratch: Path, template: str, **values: object) -> Path:
    page = scratch / "page.html"
    page.write_text(render(template, **values), encoding="utf-8")
    return page


def _run(program: str, scratch: Path, *arguments: str) -> bytes:
    # As root, Chromium's own sandbox does not start. The frame's sandbox keeps the mail from running scripts.
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    # In a process of its own, a frame is often not painted yet when the picture is taken on a busy machine.
    frames = "--disable-features=IsolateSandboxedIframes"
    command = [program, "--headless", "--disable-gpu", frames, f"--user-data-dir={scratch / 'profile'}", *root, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS, check=True)
    return done.stdout
