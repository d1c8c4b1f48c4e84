-- name: lifecycle
-- owner: analytics
-- grain: one row per subscriber
-- params: none
-- rebuild: by segments
-- purpose: RFM scores, lifecycle stage and engagement of each subscriber, as of the last segment run.
create or replace table marts.lifecycle as
select
    subscriber_id,
    as_of,
    lifecycle_stage,
    recency_score,
    frequency_score,
    monetary_score,
    purchases,
    purchase_days,
    revenue,
    (select any_value(reporting_currency) from core.exchange_rates) as currency,
    unconverted,
    days_since_purchase,
    engagement_level
from segment.features;
