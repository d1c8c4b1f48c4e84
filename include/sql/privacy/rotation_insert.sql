-- name: rotation_insert
-- owner: data
-- grain: one row
-- params: fingerprint, at
-- purpose: Record that the warehouse was rekeyed. Runs in the same transaction.
insert into core.address_key_rotations (fingerprint, rekeyed_at)
values ($fingerprint, $at);
