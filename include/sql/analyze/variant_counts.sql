-- name: variant_counts
-- owner: analytics
-- grain: one row per campaign, occurrence and variant
-- params: none
-- purpose: The counts behind a comparison of variants; a plan with one variant is not an experiment. Opens and clicks are
--          counted among delivered, tracked messages, since no other message reports them. status: final; sending, while a
--          message is pending; stopped_early, where the plan was stopped before all messages were sent. Chunks send the
--          engaged first, and one variant's chunks before the other's, so the two variants are not comparable until all
--          messages are sent. Reads message_outcomes.
with waiting as (
    select
        plans.campaign,
        plans.occurrence,
        bool_or(plans.state = 'cancelled') as was_stopped,
        bool_or(plans.state not in ('cancelled', 'done')) as is_sending
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
        when waiting.is_sending then 'sending'
        when waiting.was_stopped then 'stopped_early'
        else 'final'
    end as status
from counted
left join waiting using (campaign, occurrence)
order by all;
