-- name: 190_esp_totals
-- owner: data
-- grain: one row a day a category a metric
-- params: none
-- purpose: SendGrid's own totals by category (a campaign's first category is its id), to hold our events against. metric is
--          SendGrid's word: requests, delivered, bounces, unique_opens and so on. Replaced by day and category.
create table if not exists engagement.esp_totals (
    day date not null,
    category varchar not null,
    metric varchar not null,
    value bigint not null,
    fetched_at timestamptz not null
);
