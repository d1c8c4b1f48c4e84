"""Currencies exist; a code that does not is answered with the one that was meant."""

from __future__ import annotations

import subprocess
import sys

import pytest

from include.core.currencies import require_currency, require_currency_of_any_time


@pytest.mark.parametrize("code", ["USD", "EUR", "ISK", "XCD", "XOF", "VES", "SLE", "TMT"])
def test_a_currency_in_use_is_known(code: str) -> None:
    assert require_currency(code) == require_currency_of_any_time(code) == code


@pytest.mark.parametrize("code", ["DEM", "TRL", "BYR", "HRK", "MRO"])
def test_a_former_currency_may_have_a_rate_only(code: str) -> None:
    assert require_currency_of_any_time(code) == code
    with pytest.raises(ValueError, match="not a currency that is in use"):
        require_currency(code)


@pytest.mark.parametrize(
    ("code", "meant"),
    [("USX", "Did you mean USD?"), ("EUX", "Did you mean EUR?"), ("GPB", "Did you mean GBP?"), ("DEM", "Did you mean EUR?"),
     ("TRL", "Did you mean TRY?"), ("BYR", "Did you mean BYN?"), ("HRK", "Did you mean EUR?"), ("QQQ", "as in EUR")],
)  # fmt: skip
def test_the_currency_that_was_meant(code: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"'{code}' is not a currency") as raised:
        require_currency(code)
    assert meant in str(raised.value)


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU", "USX", "AAA"])
def test_no_currency_has_a_rate(code: str) -> None:
    with pytest.raises(ValueError, match="is not a currency"):
        require_currency_of_any_time(code)


def test_the_shops_file_is_read_without_the_data_of_all_currencies() -> None:
    """Each process that reads campaigns reads it; Babel's import takes a tenth of a second."""
    code = "import sys; from include.core.shop import load_shop; load_shop(); sys.exit('babel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
