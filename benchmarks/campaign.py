"""The campaign that the benchmarks send. Apart from the one of the tests: what is measured must not move with a test."""

from __future__ import annotations

from include.core.campaign import Campaign
from include.core.campaign_fields import Sender

CAMPAIGN = Campaign(
    id="bench",
    name="Bench",
    owner="performance",
    purpose="Five slots, two of them conditional.",
    occurrence="once",
    segment="newsletter_readers",
    template="bench",
    sender=Sender(email="news@shop.example.com", name="Shop"),
    postal_address="1 Harbour Street, 20457 Hamburg, Germany",
)
