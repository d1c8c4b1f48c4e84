"""Dispatch: did each person get it once?

A *plan* freezes who gets what (`plan`, `audience`, `plan_files`). *Chunks* of up to 1,000 people are claimed in the ledger,
posted once, and their outcome recorded (`send`, with `payload`, `transport`, `verdict`). `settle` checks that everybody is
accounted for, `record` copies the ledger's verdict to the warehouse. `docs/dispatch.md` tells the protocol.
"""
