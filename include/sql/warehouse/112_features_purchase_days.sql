-- name: 112_features_purchase_days
-- owner: data
-- grain: none
-- params: none
-- purpose: On how many days (UTC) a person bought: what frequency and rhythm are made of.
alter table segment.features add column if not exists purchase_days integer default 0;
