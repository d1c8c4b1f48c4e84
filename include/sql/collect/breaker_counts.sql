-- name: breaker_counts
-- owner: delivery
-- grain: one row per plan and mailbox provider; provider '' is the whole campaign
-- params: since
-- purpose: Counts for the circuit breaker: messages sent within the rolling window by their outcome. `released_holds` holds
--          the time at which an operator resumed a plan and provider; messages sent before it no longer count.
with recent as (
    select
        sent.plan_id,
        sent.campaign,
        sent.occurrence,
        sent.mailbox_provider,
        bool_or(event.event = 'delivered') as is_delivered,
        bool_or(event.event = 'bounced' and event.bounce_class = 'hard') as is_hard_bounced,
        bool_or(event.event = 'complained') as is_complained
    from dispatch.sends as sent
    inner join engagement.events as event using (message_key)
    left join released_holds as released
        on sent.plan_id = released.plan_id and released.provider in (sent.mailbox_provider, '')
    where
        sent.sent_at > $since
        and event.event in ('delivered', 'bounced', 'complained')
        and (released.released_at is null or sent.sent_at > make_timestamptz((released.released_at * 1000000)::bigint))
    group by sent.plan_id, sent.campaign, sent.occurrence, sent.mailbox_provider, sent.message_key
)

select
    plan_id,
    campaign,
    occurrence,
    coalesce(mailbox_provider, '') as provider,
    count(*) filter (where is_delivered)::bigint as delivered,
    count(*) filter (where is_hard_bounced)::bigint as hard_bounced,
    count(*) filter (where is_complained)::bigint as complained
from recent
group by
    grouping sets (
        (plan_id, campaign, occurrence, mailbox_provider),
        (plan_id, campaign, occurrence)
    )
order by plan_id, provider;
