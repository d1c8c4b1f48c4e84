-- name: plan_counts
-- owner: data
-- grain: one row per plan
-- params: none
-- rebuild: by difference
-- groups: plan_id
-- purpose: The people of each plan by state and outcome, for marts.campaign_performance and the sum checks.
create or replace table build.plan_counts as
select
    plan_id,
    count(*) as messages,
    count(*) filter (where state = 'accepted') as accepted,
    count(*) filter (where state = 'rejected') as rejected,
    count(*) filter (where state = 'suppressed') as suppressed,
    count(*) filter (where state = 'capped') as capped,
    count(*) filter (where state = 'held_out') as held_out,
    count(*) filter (where state = 'in_doubt') as in_doubt,
    count(*) filter (where state = 'pending') as pending,
    count(*) filter (where state = 'skipped') as skipped,
    count(delivered_at) as delivered,
    count(delivered_at) filter (where tracked) as delivered_tracked,
    count(*) filter (where bounce_class = 'hard') as bounced_hard,
    count(*) filter (where bounce_class = 'soft') as bounced_soft,
    count(*) filter (where bounce_class = 'other') as bounced_other,
    count(*) filter (where was_dropped) as dropped,
    count(*) filter (where was_deferred) as deferred,
    count(first_human_open_at) as human_opens,
    count(*) filter (where surely_opened) as human_opens_lower,
    count(*) filter (where maybe_opened) as human_opens_upper,
    count(*) filter (where raw_opens > 0) as raw_openers,
    coalesce(sum(raw_opens), 0)::bigint as raw_opens,
    count(first_human_click_at) as human_clicks,
    count(*) filter (where surely_clicked) as human_clicks_lower,
    count(*) filter (where maybe_clicked) as human_clicks_upper,
    count(*) filter (where raw_clicks > 0) as raw_clickers,
    coalesce(sum(raw_clicks), 0)::bigint as raw_clicks,
    count(unsubscribed_at) as unsubscribes,
    count(complained_at) as complaints,
    count(*) filter (
        where state = 'accepted'
        and (coalesce(processed_at, delivered_at, bounced_at) is not null or was_dropped or was_deferred)
    ) as accepted_with_events,
    count(*) filter (
        where state not in ('accepted', 'in_doubt')
        and (
            delivered_at is not null or bounced_at is not null or complained_at is not null or raw_opens > 0
            or raw_clicks > 0
        )
    ) as unsent_with_delivery
from temp.messages
group by plan_id;
