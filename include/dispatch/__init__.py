"""Dispatch: sends each message of a campaign exactly once.

`plan/` freezes audience and content before the first request. `send/` claims *chunks* of up to 1,000 people in the ledger,
posts each chunk once and records its outcome. `account/` checks that every selected person is accounted for and copies the
ledger's outcomes to the warehouse. `content/` compiles templates. `docs/dispatch.md` describes the protocol.
"""
