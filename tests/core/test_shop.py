"""The shop's file: topics are declared there, and what is wrong is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.core.paths import SHOP
from include.core.shop import UnknownTopic, in_language, load_shop

SOUND = SHOP.read_text(encoding="utf-8")


def test_the_shipped_file_speaks_every_language_of_the_campaigns() -> None:
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
        ("id: offers", "id: tracking", "line 13", "no topic can be called tracking"),
        ("id: offers", "id: Offers!", "line 23", "topics.1.id"),
        ("      en: News\n", "", "shop.yaml", "topic news has no words in the default locale en"),
        ("topics:\n", "topics: [\n", "line", "is not YAML"),
        ("currency: USD ", "currency: dollar ", "currency", "currency"),
        ("exchange_rates: {} ", "exchange_rates: {EUR: 1.08} ", "shop.yaml", "exchange_rates_as_of"),
        ("exchange_rates: {} ", "exchange_rates: {USD: 1.08} ", "shop.yaml", "USD is the currency itself"),
        ("exchange_rates: {} ", "exchange_rates: {EUR: 0} ", "exchange_rates", "exchange_rates.EUR"),
        ("exchange_rates: {} ", "exchange_rates: {EUR: .nan} ", "exchange_rates", "exchange_rates.EUR"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, old: str, new: str, place: str, words: str) -> None:
    assert old in SOUND
    file = tmp_path / "shop.yaml"
    file.write_text(SOUND.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as wrong:
        load_shop(file)
    assert place in str(wrong.value)
    assert words in str(wrong.value)


def test_a_file_that_is_not_there_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="TRADEWIND_SHOP"):
        load_shop(tmp_path / "shop.yaml")


def test_a_change_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SOUND, encoding="utf-8")
    load_shop(file).require_topics(["offers"], where="here")
    file.write_text(SOUND.replace("id: offers", "id: parties"), encoding="utf-8")
    with pytest.raises(UnknownTopic, match=r"here: the topic 'offers' does not exist\."):
        load_shop(file).require_topics(["offers"], where="here")


def test_words_come_in_the_nearest_language() -> None:
    texts = {"en": "hello", "de": "hallo", "de-AT": "servus"}
    assert [in_language(texts, tag, "en") for tag in ("de-AT", "de-CH", "fr", "en")] == ["servus", "hallo", "hello", "hello"]
