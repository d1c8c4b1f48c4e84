-- name: 323_lifecycle_daily
-- owner: data
-- grain: one row per day, lifecycle stage, engagement level and RFM scores
-- params: none
-- purpose: How many subscribers were in each state on each day; kept, as list_health is. Replaced when the day is analysed again.
create table if not exists marts.lifecycle_daily (
    day date not null,
    lifecycle_stage varchar not null,
    engagement_level varchar not null,
    recency_score tinyint,
    frequency_score tinyint,
    monetary_score tinyint,
    people bigint not null,
    revenue decimal(18, 2) not null
);
