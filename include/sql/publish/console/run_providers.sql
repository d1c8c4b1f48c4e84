-- name: run_providers
-- owner: analytics
-- grain: one row per mailbox provider of a campaign occurrence
-- params: campaign, occurrence
-- purpose: What each provider did with the mail, the largest first.
select
    mailbox_provider,
    accepted,
    delivered,
    delivery_rate,
    bounced_hard,
    hard_bounce_rate,
    bounced_soft,
    deferred,
    complaints,
    complaint_rate,
    human_opens / nullif(delivered_tracked, 0) as human_open_rate
from marts.mailbox_provider_health
where campaign = $campaign and occurrence = $occurrence
order by mailbox_provider_health.accepted desc, mailbox_provider asc;
