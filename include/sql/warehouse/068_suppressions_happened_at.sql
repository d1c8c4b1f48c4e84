-- name: 068_suppressions_happened_at
-- owner: data
-- grain: none
-- params: none
-- purpose: When the suppression happened; a confirmation by the subscriber must be newer. Null in copies from before this
--          column: then no confirmation is newer.
alter table core.suppressions add column if not exists happened_at timestamptz;
