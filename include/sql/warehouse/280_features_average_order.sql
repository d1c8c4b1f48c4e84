-- name: 280_features_average_order
-- owner: data
-- grain: none
-- params: none
-- purpose: Revenue divided by the number of purchases.
alter table segment.features add column if not exists average_order decimal(18, 2);
