-- name: variant_message_counts
-- owner: data
-- grain: one row per campaign, occurrence and variant
-- params: none
-- rebuild: by difference
-- groups: campaign, occurrence, variant
-- purpose: The accepted messages of each variant, for variant_counts.
create or replace table build.variant_message_counts as
select
    campaign,
    occurrence,
    variant,
    count(*) as messages,
    count(delivered_at) as delivered,
    count(delivered_at) filter (where tracked) as delivered_tracked,
    count(delivered_at) filter (where tracked and first_human_open_at is not null) as human_opens,
    count(delivered_at) filter (where tracked and first_human_click_at is not null) as human_clicks
from temp.messages
where state = 'accepted'
group by campaign, occurrence, variant;
