"""The paths of all files and folders. No other module contains their names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.core.settings import settings

PROJECT = Path(__file__).resolve().parents[2]
SQL = PROJECT / "include" / "sql"
SEGMENTS = SQL / "segment" / "definitions"
TEMPLATES = PROJECT / "include" / "templates"
CAMPAIGNS = PROJECT / "include" / "campaigns"
JOURNEYS = PROJECT / "include" / "journeys"
PRODUCTS = PROJECT / "include" / "products"
SHOP = PROJECT / "include" / "shop.yaml"
SEED_ADDRESSES = PROJECT / "include" / "seed_addresses.yaml"
EXAMPLE_PEOPLE = PROJECT / "include" / "example_people.yaml"
"""The defaults. `TRADEWIND_TEMPLATES`, `…_CAMPAIGNS`, `…_JOURNEYS`, `…_PRODUCTS`, `…_SHOP` and `…_SEED_ADDRESSES` name
other places."""
DEFAULT_DATA = {"embedded": "data", "cluster": "data-cluster"}
"""The data folder of each profile, so that none finds the other's: their ledgers differ."""


@dataclass(frozen=True)
class DataPaths:
    """The data folder, `$TRADEWIND_DATA`, with one property per store."""

    root: Path

    @property
    def landed(self) -> Path:
        """Extracted Parquet, immutable: `landed/<relation>/<run>/part-0000.parquet` and `manifest.json`."""
        return self.root / "landed"

    @property
    def quality(self) -> Path:
        """Data docs: one HTML page per validation run, and `latest.html`."""
        return self.root / "quality"

    @property
    def quarantine(self) -> Path:
        """Rows in quarantine, exported by `make quarantine`: CSV with addresses, mode 0600, replaced by each export."""
        return self.root / "quarantine"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file of the tasks. It has one writer; analysts use the published file instead."""
        return self.root / "warehouse" / "tradewind.duckdb"

    @property
    def spill(self) -> Path:
        """Temporary data of DuckDB that does not fit into memory; empty while no task uses the warehouse."""
        return self.root / "warehouse" / "spill"

    @property
    def ledger(self) -> Path:
        """The default ledger, used unless `ledger_default` is set."""
        return self.root / "ledger" / "ledger.sqlite"

    @property
    def plans(self) -> Path:
        """Frozen plans: `plans/<campaign>/<occurrence>/`."""
        return self.root / "plans"

    @property
    def images(self) -> Path:
        """Images of mails, which the edge serves: their names contain a hash of their bytes. Never deleted: mail is kept."""
        return self.root / "images"

    @property
    def previews(self) -> Path:
        """Pages that preview runs rendered."""
        return self.root / "previews"

    @property
    def journeys(self) -> Path:
        """The picture of each journey with the numbers of people at its steps, as of the last step that anybody took."""
        return self.root / "journeys"

    @property
    def spool(self) -> Path:
        """Webhook batches: `incoming/` (durable, not yet loaded), `archive/<day>/` (loaded), `broken/` (unreadable).

        Past days of the archive are one file each, `packed.tar.gz`.

        `activities/` has the same three folders, for posted activities.
        """
        return self.root / "spool"

    @property
    def published(self) -> Path:
        """The files for analysts: `analytics.duckdb`, `manifest.json`, `report.html`."""
        return self.root / "published"

    @property
    def report_figures(self) -> Path:
        """What the nightly report by mail says, of the published file: texts only, for dispatch to place in the mail."""
        return self.published / "report_figures.json"

    @property
    def dated_builds(self) -> Path:
        """A link to the last published file of each day: `2026-11-28.duckdb`."""
        return self.published / "dated"

    @property
    def evidence(self) -> Path:
        """Evidence packs of single persons, mode 0600. Keys and texts, no addresses."""
        return self.root / "evidence"

    @property
    def alerts(self) -> Path:
        """Alerts for operators, one JSON file each, without addresses."""
        return self.root / "alerts"

    @property
    def audit(self) -> Path:
        """The page of the latest audit, `audit.html`, without addresses."""
        return self.root / "audit"

    @property
    def airflow_logs(self) -> Path:
        """Logs of tasks, without addresses. Empty where Airflow runs elsewhere and keeps its own."""
        return self.root / "airflow" / "logs"

    @property
    def secrets(self) -> Path:
        """Keys of the address hash and of the unsubscribe tokens, mode 0600."""
        return self.root / "secrets.json"

    @property
    def privacy(self) -> Path:
        """Requests of people for their data: `requests/` (open), `exports/`, and `audit.jsonl`, all with mode 0600."""
        return self.root / "privacy"

    @property
    def demo(self) -> Path:
        """The demo shop's source database."""
        return self.root / "demo"

    @property
    def simulator(self) -> Path:
        """The messages that the simulator accepted, and its webhook key."""
        return self.root / "simulator"

    @property
    def cluster(self) -> Path:
        """PostgreSQL, Redis and their passwords, in the profile `cluster`, unless connections name others."""
        return self.root / "cluster"

    @property
    def services(self) -> Path:
        """Process ids and logs of the services that `make up` started."""
        return self.root / "services"


def data_paths() -> DataPaths:
    """The data folder: `TRADEWIND_DATA`, by default a folder of the profile in the project."""
    named = settings()
    return DataPaths((named.data or PROJECT / DEFAULT_DATA[named.profile]).resolve())


def template_folder() -> Path:
    """The folder of the templates."""
    return settings().templates or TEMPLATES


def campaign_folder() -> Path:
    """The folder of the campaign files."""
    return settings().campaigns or CAMPAIGNS


def journey_folder() -> Path:
    """The folder of the journey files."""
    return settings().journeys or JOURNEYS


def shop_file() -> Path:
    """The shop's file."""
    return settings().shop or SHOP


def product_folder() -> Path:
    """The folder of the product catalogue."""
    return settings().products or PRODUCTS


def seed_file() -> Path:
    """The file of the team's addresses."""
    return settings().seed_addresses or SEED_ADDRESSES
