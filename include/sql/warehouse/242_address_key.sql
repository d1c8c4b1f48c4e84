-- name: 242_address_key
-- owner: data
-- grain: one row per rotation of the address key
-- params: none
-- purpose: The fingerprints of the address keys to which the warehouse was rekeyed, so that an interrupted rotation rekeys it
--          once.
create table if not exists core.address_key_rotations (
    fingerprint varchar not null,
    rekeyed_at timestamptz not null
);
