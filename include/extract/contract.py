"""The data contract of a source (docs/data-contract.md): the relations and their required and optional columns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """One relation. `cursor` is the column that incremental passes filter on; a missing optional column lands as NULL."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    cursor: str

    @property
    def key(self) -> str:
        """The primary key."""
        return self.required[0]

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in landing order."""
        return self.required + self.optional


SUBSCRIBERS = Relation(
    "subscribers",
    required=(
        "subscriber_id",
        "email",
        "status",
        "lawful_basis",
        "consent_source",
        "consented_at",
        "consent_wording",
        "updated_at",
    ),
    optional=(
        "first_name",
        "last_name",
        "country",
        "locale",
        "timezone",
        "signed_up_at",
        "consent_expires_at",
        "tracking_consent",
        "attributes",
    ),
    cursor="updated_at",
)
PURCHASES = Relation(
    "purchases",
    required=("purchase_id", "subscriber_id", "purchased_at", "amount", "currency"),
    optional=("items",),
    cursor="purchased_at",
)
ACTIVITIES = Relation(
    "activities",
    required=("activity_id", "subscriber_id", "name", "happened_at"),
    optional=("properties",),
    cursor="happened_at",
)
RELATIONS = {relation.name: relation for relation in (SUBSCRIBERS, PURCHASES, ACTIVITIES)}
