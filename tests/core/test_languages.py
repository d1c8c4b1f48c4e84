"""Languages of a mail exist; a country's code or a name is answered with the language that was meant."""

from __future__ import annotations

import pytest

from include.core.languages import require_language


@pytest.mark.parametrize("locale", ["en", "de-AT", "pt_BR", "DE", "nb", "zh-Hant-TW", "he", "eo", "ckb"])
def test_a_language_that_exists_is_known(locale: str) -> None:
    assert require_language(locale) == locale


@pytest.mark.parametrize(
    ("locale", "meant"),
    [("jp", "Did you mean ja?"), ("cn", "Did you mean zh?"), ("dk-DK", "Did you mean da?"), ("german", "Did you mean de?"),
     ("english", "Did you mean en?"), ("xx", "Write a language, as in en,"), ("abcd", "Write a language")],
)  # fmt: skip
def test_a_language_that_does_not_exist_is_refused(locale: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"'{locale}' is not a language") as raised:
        require_language(locale)
    assert meant in str(raised.value)
