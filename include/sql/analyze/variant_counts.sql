-- name: variant_counts
-- owner: analytics
-- grain: one row per campaign, occurrence and variant
-- params: none
-- purpose: The counts behind a comparison of variants; a plan with one variant is not an experiment. Opens and clicks are
--          counted among delivered, tracked messages, since no other message reports them. status: final; sending, while a
--          message is pending; stopped_early, where the plan was stopped before all messages were sent. Chunks send the
--          engaged first, and one variant's chunks before the other's, so the two variants are not comparable until all
--          messages are sent.
with waiting as (
    select
        plans.campaign,
        plans.occurrence,
        bool_or(plans.state = 'cancelled') as was_stopped,
        bool_or(plans.state not in ('cancelled', 'done')) as is_sending
    from dispatch.plans
    semi join build.plan_states as states
        on plans.plan_id = states.plan_id and states.state in ('pending', 'skipped') and states.in_chunks > 0
    group by plans.campaign, plans.occurrence
),

counted as (
    select * rename (messages as accepted)
    from build.variant_message_counts
    qualify count(*) over (partition by campaign, occurrence) > 1
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
