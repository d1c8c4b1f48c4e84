"""`make preview CAMPAIGN=…`: a campaign's mails in the browser, rendered again whenever a file of them changes.

Needs neither Airflow nor a first run. The page is served on loopback only, and kept nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from include.core import clock
from include.core.durable import write_durably
from include.core.errors import ConfigurationError, TradewindError
from include.core.journey_mail import read_id
from include.core.pace import AccountPace, account_pace
from include.core.secrets import load_secrets
from include.dispatch.content.compiled_files import CompiledFiles
from include.dispatch.preview.files import WRITER
from include.dispatch.preview.model import Choice, Preview
from include.dispatch.preview.page import page
from include.dispatch.preview.preview import has_errors, preview_now
from include.ledger.stores import Stores
from operations.ledger import existing_ledger
from operations.ports import unavailable_reason
from operations.progress import Progress
from operations.settings import Installation

PORT = 8084
EDGE_URL = "https://mail.tradewind.example"


@dataclass(frozen=True)
class Writer:
    """What a writer looks at."""

    installation: Installation
    campaign: str
    choice: Choice
    compiled: CompiledFiles = field(default_factory=CompiledFiles)

    def look(self) -> Preview:
        """The preview of the files as they are now."""
        edge_url = os.environ.get("AIRFLOW_VAR_EDGE_PUBLIC_URL") or EDGE_URL
        with _stores(self.installation) as stores:
            return preview_now(
                stores, self.campaign, self.choice,
                edge_url=edge_url, account=_account_pace(), at=clock.now(), compiled=self.compiled,
            )  # fmt: skip


def show_preview(installation: Installation, campaign: str, choice: Choice, *, port: int | None, once: bool) -> int:
    """Serve the preview until Ctrl-C; `once` writes its page instead and returns 1 if it has errors.

    `campaign` may be the mail of a journey, `<journey>.<step>`. Raises `ConfigurationError` for one that does not exist, and
    for a given port that is not available.
    """
    writer = Writer(installation, read_id(campaign), choice)
    if once:
        return _write(writer)
    from operations.preview_server import serve

    return serve(writer.look, _port(port))


@contextmanager
def _stores(installation: Installation) -> Iterator[Stores | None]:
    """The stores of the installation; None before its first run."""
    try:
        opened = existing_ledger(installation)
        ledger = opened.__enter__()
    except TradewindError:
        yield None
        return
    try:
        yield Stores(installation.paths, ledger, load_secrets(installation.paths))
    finally:
        opened.__exit__(None, None, None)


def _account_pace() -> AccountPace:
    """The account's limits as far as they are in the environment; those in Airflow's database are not read."""
    return account_pace(lambda name: os.environ.get(f"AIRFLOW_VAR_{name.upper()}", ""))


def _write(writer: Writer) -> int:
    shown, progress = writer.look(), Progress()
    file = writer.installation.paths.previews / writer.campaign / WRITER
    write_durably(file, page(shown).encode())
    for problem in shown.problems:
        progress.print(f"{problem.severity}: {problem.where}{': ' if problem.where else ''}{problem.what} {problem.remedy}")
    progress.print(f"{len(shown.mails)} mails: {file}")
    return int(has_errors(shown))


def read_port(text: str | None) -> int | None:
    """The port that somebody chose, None without a choice. Raises `ConfigurationError` for what is none."""
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise ConfigurationError(f"'{text[:20]}' is not a port.", where="PORT", remedy="Write a number such as 8090.")
    return int(text)


def _port(chosen: int | None) -> int:
    """The chosen port, or the usual one, or any (0) if that is taken."""
    reason = unavailable_reason(chosen or PORT)
    if reason and chosen:
        raise ConfigurationError(f"is {reason}.", where=f"port {chosen}", remedy="Choose another: make preview … PORT=8090.")
    return 0 if reason else chosen or PORT
