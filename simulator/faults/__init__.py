"""Faults that a test arms, and how they answer on the wire."""
