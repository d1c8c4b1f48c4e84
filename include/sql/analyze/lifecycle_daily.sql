-- name: lifecycle_daily
-- owner: analytics
-- grain: one row per day, lifecycle stage, engagement level and RFM scores
-- params: none
-- purpose: RFM and lifecycle over time: the people in each state on the day of the last segment run; other days are kept.
insert into marts.lifecycle_daily by name
select
    utc_day(as_of) as day,
    lifecycle_stage,
    engagement_level,
    recency_score,
    frequency_score,
    monetary_score,
    count(*) as people,
    sum(revenue)::decimal(18, 2) as revenue
from segment.features
group by all;
