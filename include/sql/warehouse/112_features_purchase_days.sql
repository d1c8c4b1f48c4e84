-- name: 112_features_purchase_days
-- owner: data
-- grain: none
-- params: none
-- purpose: Number of days (UTC) with a purchase, from which frequency and rhythm are computed.
alter table segment.features add column if not exists purchase_days integer default 0;
