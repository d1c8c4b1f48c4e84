-- name: mailbox_provider_health
-- owner: analytics
-- grain: one row per campaign, occurrence and mailbox provider
-- params: none
-- purpose: Problems at one provider, which a campaign's totals hide: Gmail and Yahoo rate a sender by the complaints of
--          their own users. Counts people; only providers that were sent something.
create or replace table marts.mailbox_provider_health as
select
    * exclude (messages),
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
from build.provider_counts
order by campaign, occurrence, mailbox_provider;
