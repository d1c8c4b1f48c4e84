-- name: 116_features_last_activity_at
-- owner: data
-- grain: none
-- params: none
-- purpose: When the subscriber's latest activity happened.
alter table segment.features add column if not exists last_activity_at timestamptz;
