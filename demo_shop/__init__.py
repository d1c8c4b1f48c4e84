"""The demo shop: a source database with people, purchases and activities (`python -m demo_shop.source`)."""
