"""Renames: table `identity` to `ledger_metadata`, `chunks.owner` to `lease_owner`, `withheld.told_at` to `listed_at`.

All rows are kept. An older edition's open claim keeps its lease owner.
"""

from __future__ import annotations

from alembic import op

revision = "0002_names"
down_revision = "0001_baseline"


def upgrade() -> None:
    """Rename in place; PostgreSQL also renames the primary key, so that an upgraded ledger looks like a new one."""
    op.rename_table("identity", "ledger_metadata")
    op.execute("alter table chunks rename column owner to lease_owner")
    op.execute("alter table withheld rename column told_at to listed_at")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("alter index identity_pkey rename to ledger_metadata_pkey")
