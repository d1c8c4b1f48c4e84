-- name: 284_features_human_clicks_30d
-- owner: data
-- grain: none
-- params: none
-- purpose: Clicks by the person in the last 30 days.
alter table segment.features add column if not exists human_clicks_30d integer default 0;
