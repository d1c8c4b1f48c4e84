-- name: 114_features_unconverted
-- owner: data
-- grain: none
-- params: none
-- purpose: Number of the subscriber's purchases and refunds in a currency without a rate, which revenue excludes.
alter table segment.features add column if not exists unconverted integer default 0;
