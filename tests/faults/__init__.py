"""The faults that a send must survive, with real processes.

A simulated SendGrid, a ledger, an edge, and senders that are killed, stopped, starved of disk and cut off. `python -m
tests.faults.run` plays them all and writes docs/faults.md.
"""
