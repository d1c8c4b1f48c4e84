-- The account with which Tradewind reads a PostgreSQL source: it can read the relations of the data contract, and nothing else.
-- Replace the schema `shop`; give the account a password or a certificate. psql -f source-grants.sql
create role tradewind_source login nosuperuser nocreatedb nocreaterole noinherit noreplication connection limit 8;
alter role tradewind_source set default_transaction_read_only = on;
grant usage on schema shop to tradewind_source;
grant select on shop.subscribers to tradewind_source;
-- Optional relations: grant those that you have.
grant select on shop.purchases to tradewind_source;
grant select on shop.activities to tradewind_source;
