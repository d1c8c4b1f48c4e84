"""The data contract of a source (docs/design §5): which columns a relation has, and which it cannot do without."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """One relation. `changed` is the column by which a pass is incremental; optional columns land as NULL where absent."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    changed: str

    @property
    def key(self) -> str:
        """The column that names a row."""
        return self.required[0]

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in the order in which they land."""
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
    changed="updated_at",
)
PURCHASES = Relation(
    "purchases",
    required=("purchase_id", "subscriber_id", "purchased_at", "amount", "currency"),
    optional=("items",),
    changed="purchased_at",
)
RELATIONS = {relation.name: relation for relation in (SUBSCRIBERS, PURCHASES)}
