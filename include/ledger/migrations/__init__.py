"""The ledger's migrations, run by Alembic when a ledger is opened (`include/ledger/schema.py`).

A change of the schema is a change of `include/ledger/tables.py` and a file in `versions/`: the next number and a name
(`0002_names.py`), the same as its `revision`, at most 32 characters, and the file before it as `down_revision`.
Its `upgrade` runs on SQLite and PostgreSQL, in the transaction that holds the lock. Forward only: no `downgrade`. A released
file is not edited again. `tests/ledger/test_schema.py` compares what the migrations make with `tables.py`.
"""
