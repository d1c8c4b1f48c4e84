-- name: mailbox_provider_health
-- owner: analytics
-- grain: one row per campaign, occurrence and mailbox provider
-- params: none
-- purpose: Problems at one provider, which a campaign's totals hide: Gmail and Yahoo rate a sender by the complaints of
--          their own users. Counts people; only providers that were sent something. Reads the temporary table
--          message_outcomes.
create or replace table marts.mailbox_provider_health as
with counted as (
    select
        sends.campaign,
        sends.occurrence,
        sends.mailbox_provider,
        count(*) filter (where sends.state = 'accepted') as accepted,
        count(outcomes.delivered_at) as delivered,
        count(outcomes.delivered_at) filter (where sends.tracked) as delivered_tracked,
        count(*) filter (where outcomes.bounce_class = 'hard') as bounced_hard,
        count(*) filter (where outcomes.bounce_class = 'soft') as bounced_soft,
        count(*) filter (where outcomes.was_dropped) as dropped,
        count(*) filter (where outcomes.was_deferred) as deferred,
        count(outcomes.complained_at) as complaints,
        count(outcomes.first_human_open_at) as human_opens,
        count(*) filter (where outcomes.surely_opened) as human_opens_lower,
        count(*) filter (where outcomes.maybe_opened) as human_opens_upper,
        count(*) filter (where outcomes.raw_opens > 0) as raw_openers,
        count(outcomes.first_human_click_at) as human_clicks,
        count(*) filter (where outcomes.surely_clicked) as human_clicks_lower,
        count(*) filter (where outcomes.maybe_clicked) as human_clicks_upper,
        count(*) filter (where outcomes.raw_clicks > 0) as raw_clickers,
        count(*) filter (
            where outcomes.first_human_open_at is not null and outcomes.first_human_click_at is not null
        ) as opened_and_clicked,
        count(outcomes.unsubscribed_at) as unsubscribes
    from dispatch.sends
    left join temp.message_outcomes as outcomes using (message_key)
    where sends.state = 'accepted' or outcomes.message_key is not null
    group by all
)

select
    *,
    delivered / nullif(accepted, 0) as delivery_rate,
    bounced_hard / nullif(accepted, 0) as hard_bounce_rate,
    complaints / nullif(delivered, 0) as complaint_rate,
    human_opens / nullif(delivered_tracked, 0) as human_open_rate,
    human_opens_lower / nullif(delivered_tracked, 0) as human_open_rate_lower,
    human_opens_upper / nullif(delivered_tracked, 0) as human_open_rate_upper,
    raw_openers / nullif(delivered_tracked, 0) as raw_open_rate,
    human_clicks / nullif(delivered_tracked, 0) as human_click_rate,
    human_clicks_lower / nullif(delivered_tracked, 0) as human_click_rate_lower,
    human_clicks_upper / nullif(delivered_tracked, 0) as human_click_rate_upper,
    raw_clickers / nullif(delivered_tracked, 0) as raw_click_rate,
    opened_and_clicked / nullif(human_opens, 0) as click_to_open_rate
from counted
order by campaign, occurrence, mailbox_provider;
