-- name: 283_features_human_opens_30d
-- owner: data
-- grain: none
-- params: none
-- purpose: Opens by the person in the last 30 days.
alter table segment.features add column if not exists human_opens_30d integer default 0;
