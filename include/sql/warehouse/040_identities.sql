-- name: 040_identities
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: The only table with addresses and names. Every other table has subscriber_id or address_key (HMAC of the
--          normalised address).
create table if not exists core.identities (
    subscriber_id varchar not null,
    email varchar not null,
    address_key varchar not null,
    first_name varchar,
    last_name varchar
);
