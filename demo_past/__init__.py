"""Plays weeks of campaigns through the stages before the demo's first run, with a set clock (`python -m demo_past`)."""
