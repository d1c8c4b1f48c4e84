"""Maps SendGrid's event vocabulary to ours. The mappings are registered as tables with each batch and joined in SQL."""

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
"""Name of the raw event → our event. SendGrid sends `bounce` with type `blocked`; a plain `blocked` is accepted too."""

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
"""(type, classification), both lower case → class. `blocked` is soft whatever its classification, see matched.sql; any other
pair is hard for type `bounce`, since SendGrid puts the address on its bounce list, and other for an unknown type.

Content, reputation, volume and technical problems do not concern the address, so they are `other` and do not suppress;
if SendGrid lists the address nevertheless, `collect.sync_suppressions` imports it as a hard bounce."""

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
"""(our event, detail) → reason of the suppression. The detail is the bounce class or the drop reason in lower case."""


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
