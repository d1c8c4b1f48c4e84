"""The shop's file: topics are declared there, and errors name file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.core.paths import SHOP
from include.core.shop import UnknownTopic, in_language, load_shop

VALID = SHOP.read_text(encoding="utf-8")


def test_the_shipped_file_has_texts_in_every_language_of_the_campaigns() -> None:
    shop = load_shop()
    assert [topic.id for topic in shop.topics] == ["news", "offers"]
    for topic in shop.topics:
        assert topic.label.keys() == topic.description.keys() == {"en", "de", "fr"}


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("name: Harbour Records ", "nmae: Harbour Records ", "line 6", "nmae"),
        ("contact: hello@shop.example.com", "contact: nobody", "line 7", "contact"),
        ("id: offers", "id: news", "line 13", "two topics have the same id"),
        ("id: offers", "id: tracking", "line 13", "a topic cannot have the reserved id tracking"),
        ("id: offers", "id: next_30_days", "line 13", "a topic cannot have the reserved id next_30_days"),
        ("id: offers", "id: Offers!", "line 23", "topics.1.id"),
        ("      en: News\n", "", "shop.yaml", "topic news has no text in the default locale en"),
        ("topics:\n", "topics: [\n", "line", "is not YAML"),
        ("currency: USD ", "currency: dollar ", "currency", "currency"),
        ("currency: USD ", "currency: USX ", "line 3", "'USX' is not a currency that is in use. Did you mean USD?"),
        ("currency: USD ", "currency: DEM ", "line 3", "'DEM' is not a currency that is in use. Did you mean EUR?"),
        ("exchange_rates: {} ", "exchange_rates: {EUX: 1.08} ", "exchange_rates.EUX", "Did you mean EUR?"),
        ("exchange_rates: {} ", "exchange_rates: {EUR: 1.08} ", "shop.yaml", "exchange_rates_as_of"),
        ("exchange_rates: {} ", "exchange_rates: {USD: 1.08} ", "shop.yaml", "USD is the shop's currency"),
        ("exchange_rates: {} ", "exchange_rates: {EUR: 0} ", "exchange_rates", "exchange_rates.EUR"),
        ("exchange_rates: {} ", "exchange_rates: {EUR: .nan} ", "exchange_rates", "exchange_rates.EUR"),
    ],
)
def test_an_error_names_location_and_field(tmp_path: Path, old: str, new: str, place: str, words: str) -> None:
    assert old in VALID
    file = tmp_path / "shop.yaml"
    file.write_text(VALID.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_shop(file)
    assert place in str(error.value)
    assert words in str(error.value)


def test_the_error_for_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="TRADEWIND_SHOP"):
        load_shop(tmp_path / "shop.yaml")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(VALID, encoding="utf-8")
    load_shop(file).require_topics(["offers"], where="here")
    file.write_text(VALID.replace("id: offers", "id: parties"), encoding="utf-8")
    with pytest.raises(UnknownTopic, match=r"here: the topic 'offers' does not exist\."):
        load_shop(file).require_topics(["offers"], where="here")


def test_texts_fall_back_to_language_then_default_locale() -> None:
    texts = {"en": "hello", "de": "hallo", "de-AT": "servus"}
    assert [in_language(texts, tag, "en") for tag in ("de-AT", "de-CH", "fr", "en")] == ["servus", "hallo", "hello", "hello"]
