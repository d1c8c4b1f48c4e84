-- name: keys_insert
-- owner: operations
-- grain: one row per new key
-- params: at
-- purpose: Remember the keys in use (view keys_in_use) that no audit saw before. If an audit saw another key of the kind, it
--          was renewed since; else created_at limits the age, where it is known.
insert into core.audit_keys by name
select
    keys_in_use.kind,
    keys_in_use.fingerprint,
    $at::timestamptz as first_seen_at,
    $at::timestamptz as last_seen_at,
    coalesce(max(earlier.last_seen_at), any_value(keys_in_use.created_at)) as not_older_than
from keys_in_use
left join core.audit_keys as earlier on keys_in_use.kind = earlier.kind
where
    (keys_in_use.kind, keys_in_use.fingerprint) not in (
        select
            seen.kind,
            seen.fingerprint
        from core.audit_keys as seen
    )
group by keys_in_use.kind, keys_in_use.fingerprint;
