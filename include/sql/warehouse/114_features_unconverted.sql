-- name: 114_features_unconverted
-- owner: data
-- grain: none
-- params: none
-- purpose: How many of a person's purchases and refunds are in a currency without a rate, so that revenue lacks them.
alter table segment.features add column if not exists unconverted integer default 0;
