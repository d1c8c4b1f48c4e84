"""`make rotate`: a new address key, with the old ones kept. Without Airflow, which must be stopped."""

from __future__ import annotations

from include.core.errors import ConfigurationError
from include.core.secrets import append_address_key, load_secrets
from include.core.settings import settings, variable
from include.privacy.rotation import PREPARED, generation_of, require_no_open_request, rotate
from operations.launcher import require_stopped
from operations.ledger import existing_url
from operations.progress import Progress
from operations.settings import Installation


def rotate_address_key(installation: Installation) -> int:
    """Append a new address key to the secrets and rekey all stores, or finish an interrupted rotation; returns 0.

    Raises `ConfigurationError` while services run, and where the keys are in the environment and no new one is.
    """
    require_stopped(installation)
    paths, url = installation.paths, existing_url(installation)
    is_under_way = (paths.root / PREPARED).exists()
    if not is_under_way and generation_of(url, load_secrets(paths)) == load_secrets(paths).generation:
        require_no_open_request(paths)
        _add_key(installation)
    done = rotate(paths, load_secrets(paths), url)
    Progress().print(f"{done['files']} files and both stores are rekeyed; {done['generation']} address keys are in use")
    Progress().print("Back up the secrets and the ledger now, together. Then make up.")
    return 0


def _add_key(installation: Installation) -> None:
    if settings().address_key is not None:
        name = variable("address_key")
        raise ConfigurationError(
            "has no new key.", where=name, remedy=f"Append one, as in {name}=<present>,$(openssl rand -hex 32), everywhere."
        )
    append_address_key(installation.paths)
