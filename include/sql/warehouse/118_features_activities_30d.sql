-- name: 118_features_activities_30d
-- owner: data
-- grain: none
-- params: none
-- purpose: Number of the subscriber's activities in the last 30 days.
alter table segment.features add column if not exists activities_30d integer default 0;
