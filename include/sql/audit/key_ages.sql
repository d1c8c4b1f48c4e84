-- name: key_ages
-- owner: operations
-- grain: one row per kind of key
-- params: at
-- purpose: The age in days of the keys in use (view keys_in_use): at least since the audit knows it, at most since it can
--          have been created; null if nothing limits it.
select
    keys_in_use.kind,
    date_diff('day', audit_keys.first_seen_at, $at::timestamptz) as at_least,
    date_diff('day', audit_keys.not_older_than, $at::timestamptz) as at_most
from keys_in_use
inner join core.audit_keys
    on keys_in_use.kind = audit_keys.kind and keys_in_use.fingerprint = audit_keys.fingerprint
order by keys_in_use.kind;
