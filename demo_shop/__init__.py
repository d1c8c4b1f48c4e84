"""The demo shop: a source database with people and purchases (`python -m demo_shop.source`)."""
