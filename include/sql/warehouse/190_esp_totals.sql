-- name: 190_esp_totals
-- owner: data
-- grain: one row per day, category and metric
-- params: none
-- purpose: SendGrid's own totals by category (the first category of a campaign is its id), for comparison with our events.
--          metric is SendGrid's name: requests, delivered, bounces, unique_opens and so on. Replaced by day and category.
create table if not exists engagement.esp_totals (
    day date not null,
    category varchar not null,
    metric varchar not null,
    value bigint not null,
    fetched_at timestamptz not null
);
