-- name: 398_facts_of_runs
-- owner: data
-- grain: one row per run, now and before, and subscriber
-- params: none
-- purpose: The facts of the run as they are and, with is_previous, of the run before: those that were replaced, and those that were not.
create or replace view segment.facts_of_runs as
select
    subscriber_id,
    signed_up_at,
    tracking_consent,
    birthday,
    first_purchased_at,
    last_purchased_at,
    purchases,
    purchase_days,
    revenue,
    unconverted,
    last_human_engaged_at,
    human_opens_90d,
    human_clicks_90d,
    human_opens_30d,
    human_clicks_30d,
    last_activity_at,
    activities_7d,
    activities_30d,
    false as is_previous
from segment.facts
union all
select
    subscriber_id,
    signed_up_at,
    tracking_consent,
    birthday,
    first_purchased_at,
    last_purchased_at,
    purchases,
    purchase_days,
    revenue,
    unconverted,
    last_human_engaged_at,
    human_opens_90d,
    human_clicks_90d,
    human_opens_30d,
    human_clicks_30d,
    last_activity_at,
    activities_7d,
    activities_30d,
    true as is_previous
from segment.replaced_facts
union all
select
    kept.subscriber_id,
    kept.signed_up_at,
    kept.tracking_consent,
    kept.birthday,
    kept.first_purchased_at,
    kept.last_purchased_at,
    kept.purchases,
    kept.purchase_days,
    kept.revenue,
    kept.unconverted,
    kept.last_human_engaged_at,
    kept.human_opens_90d,
    kept.human_clicks_90d,
    kept.human_opens_30d,
    kept.human_clicks_30d,
    kept.last_activity_at,
    kept.activities_7d,
    kept.activities_30d,
    true as is_previous
from segment.facts as kept
cross join segment.scales as scales
anti join segment.replaced_people as people on kept.subscriber_id = people.subscriber_id
where scales.is_previous and not scales.is_whole;
