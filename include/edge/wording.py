"""What a page asks, as it was shown: the wording that is kept with an answer."""

from __future__ import annotations

from include.core.shop import TRACKING, Shop, in_language
from include.edge.language import Texts
from include.ledger.wording import Wording

CONFIRM, PREFERENCES = "confirm", "preferences"


def confirmation(texts: Texts, shop: Shop) -> Wording:
    """The page of the double opt-in, with its button."""
    return _wording(CONFIRM, texts, shop, [_plain(texts, f"confirm.{part}") for part in ("title", "text", "button")])


def resubscription(texts: Texts, shop: Shop) -> Wording:
    """The preference page of a person who unsubscribed, with the button that asks for mail again."""
    return _wording(PREFERENCES, texts, shop, [_plain(texts, f"preferences.{part}") for part in ("stopped", "resubscribe")])


def choice(texts: Texts, shop: Shop, topic: str, *, given: bool) -> Wording:
    """The box of a topic, or of tracking, on the preference page."""
    if topic == TRACKING:
        box = "allow_tracking" if given else "stop_tracking"
        lines = [_plain(texts, f"preferences.{part}") for part in ("tracking", box, f"{box}_means")]
    else:
        asked = next(each for each in shop.topics if each.id == topic)
        told = (in_language(text, texts.locale, shop.default_locale) for text in (asked.label, asked.description))
        lines = [_plain(texts, "preferences.topics"), *told]
    return _wording(PREFERENCES, texts, shop, [*lines, _plain(texts, "preferences.save")])


def pause(texts: Texts, shop: Shop, *, ends: bool) -> Wording:
    """The part of the preference page that offers a pause, or its end; without the date, since the offer stays the same."""
    offer, button = ("paused", "end_pause") if ends else ("pause_means", "pause_button")
    lines = [texts(f"preferences.{offer}", date="{date}").unescape(), _plain(texts, f"preferences.{button}")]
    return _wording(PREFERENCES, texts, shop, lines)


def _wording(page: str, texts: Texts, shop: Shop, lines: list[str]) -> Wording:
    return Wording(page, texts.locale, "\n".join(filter(None, [shop.name, *lines])))


def _plain(texts: Texts, key: str) -> str:
    """The text of a key, unescaped."""
    return texts(key).unescape()
