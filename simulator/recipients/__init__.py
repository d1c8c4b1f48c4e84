"""The simulated recipients: what becomes of each message, when, and what follows from it."""
