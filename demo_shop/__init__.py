"""The demo shop's source: people and purchases (`python -m demo_shop.source`)."""
