-- name: keys_update
-- owner: operations
-- grain: one row per key
-- params: at
-- purpose: Note that this audit saw the keys in use (view keys_in_use).
update core.audit_keys
set last_seen_at = $at
from keys_in_use
where audit_keys.kind = keys_in_use.kind and audit_keys.fingerprint = keys_in_use.fingerprint;
