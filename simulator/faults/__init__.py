"""Faults that tests arm, and their responses on the wire."""
