"""A host that is cut off in mid-transaction keeps its locks only for as long as the ledger allows."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from include.core.errors import LedgerUnavailable
from include.core.secrets import Secrets
from include.ledger import database
from include.ledger.database import Ledger, open_ledger
from include.ledger.tables import chunks
from tests.ledger.plan import claim, freeze


@pytest.mark.timeout(60)
@pytest.mark.parametrize("each_ledger", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_locks_of_a_silent_host_are_released(each_ledger: Ledger, secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another host's claim waits for them; nothing that the silent host did is kept, and it is told so."""
    freeze(each_ledger)
    monkeypatch.setattr(database, "IDLE_SECONDS", 1)
    silent = open_ledger(each_ledger.engine.url.render_as_string(hide_password=False), secrets)

    def be_silent() -> None:
        with silent.write() as connection:
            connection.execute(update(chunks).values(attempt=9))
            assert claim(each_ledger).attempt == 1
            connection.execute(select(1))

    with pytest.raises(LedgerUnavailable, match="cannot be reached"):
        be_silent()
    silent.close()
