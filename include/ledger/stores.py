"""The stores that a task works on, passed as one argument."""

from __future__ import annotations

from dataclasses import dataclass

from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.ledger.database import Ledger


@dataclass(frozen=True, slots=True)
class Stores:
    """The data folder, the open ledger and the installation's keys. The warehouse is a file in the data folder."""

    paths: DataPaths
    ledger: Ledger
    secrets: Secrets
