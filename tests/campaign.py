"""The campaign of the tests: "spring", sent once to everybody. A test overrides only the settings that it is about."""

from __future__ import annotations

from typing import Any

from include.core.campaign import Campaign
from include.core.campaign_fields import Sender

_SPRING: dict[str, Any] = {
    "id": "spring",
    "name": "Spring",
    "owner": "marketing",
    "purpose": "A campaign for tests.",
    "occurrence": "once",
    "segment": "everybody",
    "template": "spring",
    "sender": Sender(email="news@shop.example.com", name="Shop"),
    "postal_address": "1 Harbour Street, 20457 Hamburg, Germany",
}


def a_campaign(**changed: Any) -> Campaign:
    """The campaign with changed settings, validated like a campaign file."""
    return Campaign(**(_SPRING | changed))


CAMPAIGN = a_campaign()
