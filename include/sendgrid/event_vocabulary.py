"""SendGrid's words and ours: the one place where they meet. Registered as tables beside each batch and joined in SQL."""

from __future__ import annotations

import pyarrow as pa

EVENTS = {
    "processed": "processed",
    "dropped": "dropped",
    "deferred": "deferred",
    "delivered": "delivered",
    "bounce": "bounced",
    "blocked": "bounced",
    "open": "opened",
    "click": "clicked",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "group_unsubscribed",
    "group_resubscribe": "group_resubscribed",
    "account_status_change": "account_changed",
}
"""The raw event's name → our event. SendGrid says `bounce` with type `blocked`; a bare `blocked` is understood too."""

BOUNCE_CLASSES = {
    ("bounce", "invalid address"): "hard",
    ("bounce", "mailbox unavailable"): "hard",
    ("bounce", "unclassified"): "hard",
    ("bounce", ""): "hard",
    ("bounce", "content"): "other",
    ("bounce", "reputation"): "other",
    ("bounce", "technical"): "other",
    ("bounce", "technical failure"): "other",
    ("bounce", "frequency/volume"): "other",
    ("bounce", "frequency or volume too high"): "other",
    ("", "invalid address"): "hard",
}
"""(type, classification), both lower case → class. `blocked` is soft whatever its classification, see matched.sql; what
is not here is hard for type `bounce`, since SendGrid puts the address on its bounce list, and other for an unknown type.

Content, reputation, volume and technical trouble say nothing against the address, so they are `other` and do not suppress;
if SendGrid listed the address all the same, `collect.sync_suppressions` brings it back as a hard bounce."""

SUPPRESSION_REASONS = {
    ("bounced", "hard"): "hard_bounce",
    ("complained", ""): "spam_complaint",
    ("unsubscribed", ""): "unsubscribe",
    ("group_unsubscribed", ""): "unsubscribe",
    ("dropped", "bounced address"): "hard_bounce",
    ("dropped", "spam reporting address"): "spam_complaint",
    ("dropped", "unsubscribed address"): "unsubscribe",
    ("dropped", "invalid"): "invalid_address",
}
"""(our event, detail) → the ledger's reason. The detail is a bounce's class or a drop's reason in lower case, else empty."""


def suppression_reasons() -> pa.Table:
    """`SUPPRESSING` as a table: event, detail, suppression."""
    events, details = zip(*SUPPRESSION_REASONS, strict=True)
    return pa.table({"event": events, "detail": details, "suppression": list(SUPPRESSION_REASONS.values())})


def event_names() -> pa.Table:
    """`EVENTS` as a table: event_name, event."""
    return pa.table({"event_name": list(EVENTS), "event": list(EVENTS.values())})


def bounce_classes() -> pa.Table:
    """`BOUNCE_CLASSES` as a table: bounce_type, classification, bounce_class."""
    kinds, classifications = zip(*BOUNCE_CLASSES, strict=True)
    return pa.table({"bounce_type": kinds, "classification": classifications, "bounce_class": list(BOUNCE_CLASSES.values())})
