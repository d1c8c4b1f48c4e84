-- The account of the ledger on PostgreSQL for tasks and edge: it reads and writes rows, and cannot change or drop tables.
-- The owner of the tables upgrades the schema: open the ledger once with the owner's URL after each release (make campaign
-- DO=status does), then run this file again as the owner. Replace the schema `ledger`. psql -f ledger-grants.sql
create role tradewind_ledger login nosuperuser nocreatedb nocreaterole noinherit noreplication connection limit 40;
grant usage on schema ledger to tradewind_ledger;
grant select, insert, update, delete on all tables in schema ledger to tradewind_ledger;
grant usage on all sequences in schema ledger to tradewind_ledger;
revoke insert, update, delete on ledger.ledger_version from tradewind_ledger;
