"""Dispatch: did each person get it once?

`plan/` freezes who gets what, before the first byte. `send/` claims *chunks* of up to 1,000 people in the ledger, posts each
once and records its outcome. `account/` checks that everybody is accounted for, and copies the ledger's outcomes to the
warehouse. `content/` makes templates into what goes out. `docs/dispatch.md` tells the protocol.
"""
