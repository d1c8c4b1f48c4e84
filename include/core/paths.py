"""Where everything lies. The only place that knows a folder's name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.core.settings import settings

PROJECT = Path(__file__).resolve().parents[2]
SQL = PROJECT / "include" / "sql"
TEMPLATES = PROJECT / "include" / "templates"
CAMPAIGNS = PROJECT / "include" / "campaigns"
SHOP = PROJECT / "include" / "shop.yaml"
"""The folders and the file of this project; `TRADEWIND_TEMPLATES`, `_CAMPAIGNS` and `_SHOP` may name others."""


@dataclass(frozen=True)
class DataPaths:
    """The data folder, `$TRADEWIND_DATA`: one property a store."""

    root: Path

    @property
    def landed(self) -> Path:
        """Extracted Parquet, immutable: `landed/<relation>/<run>/part-0000.parquet` and `manifest.json`."""
        return self.root / "landed"

    @property
    def quality(self) -> Path:
        """Data docs: one HTML page a validation run, and `latest.html`."""
        return self.root / "quality"

    @property
    def warehouse(self) -> Path:
        """The working DuckDB file. One writer; analysts never open it."""
        return self.root / "warehouse" / "tradewind.duckdb"

    @property
    def spill(self) -> Path:
        """What does not fit into the memory of a task that has the warehouse open; empty when none has."""
        return self.root / "warehouse" / "spill"

    @property
    def ledger(self) -> Path:
        """The default ledger, where `ledger_default` names no other."""
        return self.root / "ledger" / "ledger.sqlite"

    @property
    def plans(self) -> Path:
        """Frozen plans: `plans/<campaign>/<occurrence>/`."""
        return self.root / "plans"

    @property
    def previews(self) -> Path:
        """What preview mode rendered, for a person to look at."""
        return self.root / "previews"

    @property
    def spool(self) -> Path:
        """Webhook batches: `incoming/` (durable, not yet loaded), `archive/` (loaded), `broken/` (unreadable)."""
        return self.root / "spool"

    @property
    def published(self) -> Path:
        """`analytics.duckdb`, `manifest.json`, `report.html`: what analysts read."""
        return self.root / "published"

    @property
    def alerts(self) -> Path:
        """What a person should look at, one JSON file an alert; no addresses in them."""
        return self.root / "alerts"

    @property
    def secrets(self) -> Path:
        """Keys of the address hash and of the unsubscribe tokens, mode 0600."""
        return self.root / "secrets.json"

    @property
    def demo(self) -> Path:
        """The demo shop's source database."""
        return self.root / "demo"

    @property
    def simulator(self) -> Path:
        """The simulator's record of what it accepted, and its webhook key."""
        return self.root / "simulator"

    @property
    def services(self) -> Path:
        """Process ids and logs of what `make up` started."""
        return self.root / "services"


def data_paths() -> DataPaths:
    """The data folder in force: `TRADEWIND_DATA`, by default `data/` in the project."""
    return DataPaths((settings().data or PROJECT / "data").resolve())


def template_folder() -> Path:
    """The folder of the templates in force."""
    return settings().templates or TEMPLATES


def campaign_folder() -> Path:
    """The folder of the campaign files in force."""
    return settings().campaigns or CAMPAIGNS


def shop_file() -> Path:
    """The shop's file in force."""
    return settings().shop or SHOP
