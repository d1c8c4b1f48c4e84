-- name: 281_features_purchase_gap_days
-- owner: data
-- grain: none
-- params: none
-- purpose: Whole days between days of purchase, on average.
alter table segment.features add column if not exists purchase_gap_days integer;
