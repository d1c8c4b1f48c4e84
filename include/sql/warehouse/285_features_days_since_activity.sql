-- name: 285_features_days_since_activity
-- owner: data
-- grain: none
-- params: none
-- purpose: Whole days since the subscriber's latest activity.
alter table segment.features add column if not exists days_since_activity integer;
