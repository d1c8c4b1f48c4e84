-- name: provider_counts
-- owner: data
-- grain: one row per campaign, occurrence and mailbox provider
-- params: none
-- rebuild: by difference
-- groups: campaign, occurrence, mailbox_provider
-- purpose: The people of marts.mailbox_provider_health; only providers that were sent something.
create or replace table build.provider_counts as
select
    campaign,
    occurrence,
    mailbox_provider,
    count(*) as messages,
    count(*) filter (where state = 'accepted') as accepted,
    count(delivered_at) as delivered,
    count(delivered_at) filter (where tracked) as delivered_tracked,
    count(*) filter (where bounce_class = 'hard') as bounced_hard,
    count(*) filter (where bounce_class = 'soft') as bounced_soft,
    count(*) filter (where was_dropped) as dropped,
    count(*) filter (where was_deferred) as deferred,
    count(complained_at) as complaints,
    count(first_human_open_at) as human_opens,
    count(*) filter (where surely_opened) as human_opens_lower,
    count(*) filter (where maybe_opened) as human_opens_upper,
    count(*) filter (where raw_opens > 0) as raw_openers,
    count(first_human_click_at) as human_clicks,
    count(*) filter (where surely_clicked) as human_clicks_lower,
    count(*) filter (where maybe_clicked) as human_clicks_upper,
    count(*) filter (where raw_clicks > 0) as raw_clickers,
    count(*) filter (where first_human_open_at is not null and first_human_click_at is not null) as opened_and_clicked,
    count(unsubscribed_at) as unsubscribes
from temp.messages
where state = 'accepted' or has_events
group by campaign, occurrence, mailbox_provider;
