"""Journeys: who enters, which step is next for whom, and the plans of their mail."""
