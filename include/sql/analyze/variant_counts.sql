-- name: variant_counts
-- owner: analytics
-- grain: one row a campaign an occurrence a variant
-- params: none
-- purpose: The counts behind a comparison of variants; plans with one variant are no experiment. People who opened or clicked are
--          counted among those delivered and tracked, since of nobody else could it be seen. status: final; sending, as long as
--          somebody waits; stopped_early, where the plan was given up before everybody was sent to. The engaged go first and
--          one variant's chunks before the other's, so what was sent of the two is not alike until all was. Reads
--          message_outcomes.
with waiting as (
    select
        plans.campaign,
        plans.occurrence,
        bool_or(plans.state = 'cancelled') as was_given_up,
        bool_or(plans.state not in ('cancelled', 'done')) as goes_on
    from dispatch.plans
    semi join dispatch.sends
        on plans.plan_id = sends.plan_id and sends.state in ('pending', 'skipped') and sends.chunk is not null
    group by plans.campaign, plans.occurrence
),

counted as (
    select
        sends.campaign,
        sends.occurrence,
        sends.variant,
        count(*) filter (where sends.state = 'accepted') as accepted,
        count(outcomes.delivered_at) as delivered,
        count(outcomes.delivered_at) filter (where sends.tracked) as delivered_tracked,
        count(outcomes.delivered_at) filter (
            where sends.tracked and outcomes.first_human_open_at is not null
        ) as human_opens,
        count(outcomes.delivered_at) filter (
            where sends.tracked and outcomes.first_human_click_at is not null
        ) as human_clicks
    from dispatch.sends
    left join temp.message_outcomes as outcomes using (message_key)
    where sends.state = 'accepted'
    group by sends.campaign, sends.occurrence, sends.variant
    qualify count(*) over (partition by sends.campaign, sends.occurrence) > 1
)

select
    counted.*,
    case
        when waiting.goes_on then 'sending'
        when waiting.was_given_up then 'stopped_early'
        else 'final'
    end as status
from counted
left join waiting using (campaign, occurrence)
order by all;
