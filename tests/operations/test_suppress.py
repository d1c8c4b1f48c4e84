"""`make suppress`: a list of addresses becomes suppressions by keyed hash, which survive a lost ledger."""

from __future__ import annotations

import io

import pytest

from include.core.keys import address_key
from include.core.paths import DataPaths
from include.ledger import opt_out_log
from include.ledger.stores import Stores
from include.ledger.suppressions import reasons_in_force
from operations import suppress
from operations.settings import Installation
from operations.suppress import suppress_addresses

LIST = '\ufeffemail\nann@x.org\n\n"Bob@X.org"\nann@x.org, bob@x.org\nANN@x.org\n'


def test_each_address_is_suppressed_once_and_other_lines_are_named(
    stores: Stores, paths: DataPaths, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppress, "ENTRIES_PER_COMMIT", 2)
    assert suppress_addresses(Installation(paths, 1, 2, 3, 4), "spam_complaint", io.StringIO(LIST)) == 1
    said = capsys.readouterr().out
    assert "3 addresses, 2 of them newly suppressed (spam_complaint)" in said
    assert "2 lines are not an address: line 1, 5" in said
    assert "@" not in said
    keys = {address_key(stores.secrets.address_key, email) for email in ("ann@x.org", "bob@x.org")}
    assert all(reasons_in_force(stores.ledger, key) == {"spam_complaint"} for key in keys)
    assert {entry.address_key for entry in opt_out_log.in_force(paths)} == keys
    assert suppress_addresses(Installation(paths, 1, 2, 3, 4), "spam_complaint", io.StringIO("bob@x.org")) == 0
    assert "1 address, 0 of them newly" in capsys.readouterr().out
