-- name: campaigns_of_day
-- owner: analytics
-- grain: one row per campaign occurrence
-- params: since, until
-- purpose: The occurrences of campaigns that were planned after $since, until $until, newest first: the day's campaigns of the
--          nightly report by mail. The steps of journeys, which have many small plans, are left out.
select
    campaign,
    occurrence,
    selected,
    accepted,
    in_doubt,
    pending,
    delivery_rate,
    human_open_rate,
    human_click_rate,
    accepted + rejected + suppressed + capped + held_out + in_doubt + pending + skipped as accounted
from marts.campaign_performance
where
    campaign_performance.planned_at > $since::timestamptz
    and campaign_performance.planned_at <= $until::timestamptz
    and not contains(campaign, '__')
order by campaign_performance.planned_at desc, campaign asc, occurrence desc;
