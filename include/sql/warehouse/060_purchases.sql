-- name: 060_purchases
-- owner: data
-- grain: one row per purchase
-- params: none
-- purpose: Purchase history as the source has it.
create table if not exists core.purchases (
    purchase_id varchar not null,
    subscriber_id varchar not null,
    purchased_at timestamptz not null,
    amount decimal(18, 2) not null,
    currency varchar not null,
    items integer,
    landed_run varchar not null
);
