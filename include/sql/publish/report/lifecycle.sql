-- name: lifecycle
-- owner: analytics
-- grain: one row per lifecycle stage and engagement level
-- params: none
-- purpose: Subscribers and revenue by lifecycle stage and engagement level.
select
    lifecycle_stage,
    engagement_level,
    count(*) as people,
    sum(revenue) as revenue,
    any_value(currency) as currency,
    sum(unconverted)::bigint as unconverted,
    count(*) / sum(count(*)) over () as share
from marts.lifecycle
group by all
order by all;
