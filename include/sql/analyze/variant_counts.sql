-- name: variant_counts
-- owner: analytics
-- grain: one row a campaign an occurrence a variant
-- params: none
-- purpose: The counts behind a comparison of variants; plans with one variant are no experiment. Reads message_outcomes.
select
    sends.campaign,
    sends.occurrence,
    sends.variant,
    count(*) filter (where sends.state = 'accepted') as accepted,
    count(outcomes.delivered_at) as delivered,
    count(*) filter (where outcomes.first_human_open_at is not null and outcomes.delivered_at is not null) as human_opens,
    count(*) filter (where outcomes.first_human_click_at is not null and outcomes.delivered_at is not null) as human_clicks
from dispatch.sends
left join temp.message_outcomes as outcomes using (message_key)
where sends.state = 'accepted'
group by sends.campaign, sends.occurrence, sends.variant
qualify count(*) over (partition by sends.campaign, sends.occurrence) > 1
order by all;
