-- name: 357_audit_keys
-- owner: operations
-- grain: one row per key
-- params: none
-- purpose: Since when the audit knows each key, by its kind and fingerprint (16 digits of a SHA-256, from which the key cannot
--          be computed). A key is at least as old as first_seen_at, and at most as old as not_older_than: the last audit
--          that saw the key before it, or the creation of the installation's keys; null if nothing limits its age.
create table if not exists core.audit_keys (
    kind varchar not null,
    fingerprint varchar not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    not_older_than timestamptz
);
