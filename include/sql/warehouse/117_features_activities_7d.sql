-- name: 117_features_activities_7d
-- owner: data
-- grain: none
-- params: none
-- purpose: Number of the subscriber's activities in the last 7 days.
alter table segment.features add column if not exists activities_7d integer default 0;
