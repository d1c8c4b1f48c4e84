-- name: rotation_is_done
-- owner: data
-- grain: one row if the warehouse was rekeyed
-- params: fingerprint
-- purpose: Whether the warehouse was already rekeyed to the keys with this fingerprint.
select fingerprint
from core.address_key_rotations
where fingerprint = $fingerprint;
