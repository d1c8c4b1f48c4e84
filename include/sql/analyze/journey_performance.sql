-- name: journey_performance
-- owner: analytics
-- grain: one row per mail step of a journey
-- params: none
-- purpose: The messages of a step, summed over its plans in marts.campaign_performance, whose campaign is the journey and the
--          step with two underscores between them.
create or replace table marts.journey_performance as
select
    split_part(campaign, '__', 1) as journey,
    split_part(campaign, '__', 2) as step,
    count(*) as plans,
    min(planned_at) as first_planned_at,
    max(planned_at) as last_planned_at,
    sum(selected)::bigint as selected,
    sum(accepted)::bigint as accepted,
    sum(rejected)::bigint as rejected,
    sum(suppressed)::bigint as suppressed,
    sum(capped)::bigint as capped,
    sum(in_doubt)::bigint as in_doubt,
    sum(pending)::bigint as pending,
    sum(skipped)::bigint as skipped,
    sum(delivered)::bigint as delivered,
    sum(delivered_tracked)::bigint as delivered_tracked,
    sum(human_opens)::bigint as human_opens,
    sum(human_opens_lower)::bigint as human_opens_lower,
    sum(human_opens_upper)::bigint as human_opens_upper,
    sum(raw_openers)::bigint as raw_openers,
    sum(human_clicks)::bigint as human_clicks,
    sum(human_clicks_lower)::bigint as human_clicks_lower,
    sum(human_clicks_upper)::bigint as human_clicks_upper,
    sum(raw_clickers)::bigint as raw_clickers,
    sum(unsubscribes)::bigint as unsubscribes,
    sum(complaints)::bigint as complaints
from marts.campaign_performance
where contains(campaign, '__')
group by campaign
order by journey, step;
