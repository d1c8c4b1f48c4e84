"""What Alembic runs for each command: the migrations, on the connection that holds the lock."""

from __future__ import annotations

from alembic import context

from include.ledger.schema import VERSION_TABLE
from include.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE)
context.run_migrations()
