"""`make evidence EMAIL=…`: the evidence pack of one person, without Airflow."""

from __future__ import annotations

from include.core.errors import ConfigurationError
from include.core.secrets import load_secrets
from include.ledger.stores import Stores
from include.privacy.evidence import write_evidence
from operations.ledger import existing_ledger
from operations.progress import Progress
from operations.settings import Installation


def collect_evidence(installation: Installation, email: str | None, subscriber: str | None) -> int:
    """Write the pack and print its path, without the address; returns 0, or 1 if the consent log's chain is broken."""
    if bool(email) == bool(subscriber):
        raise ConfigurationError(
            "one of EMAIL and SUBSCRIBER is needed.", where="make evidence", remedy="As in make evidence SUBSCRIBER=S1."
        )
    with existing_ledger(installation) as ledger:
        stores = Stores(installation.paths, ledger, load_secrets(installation.paths))
        pack = write_evidence(stores, email=email, subscriber_id=subscriber)
    Progress().print(f"{pack.file}: {pack.answers} answers, {pack.suppressions} suppressions")
    fault, verified = pack.chain.fault, f"every row up to {pack.chain.head.seq} is as it was recorded"
    Progress().print(f"{verified}; {fault}" if fault else verified)
    return 1 if fault else 0
