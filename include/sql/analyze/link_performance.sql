-- name: link_performance
-- owner: analytics
-- grain: one row per campaign, occurrence and link
-- params: none
-- rebuild: by clicked occurrence
-- purpose: Which links people click. human_clicks counts people's clicks, machine_clicks those of scanners; people counts each
--          person once. share_of_clickers: of all people who clicked in this mail, how many clicked this link. The person's own
--          unsubscribe and preference links are left out.
create or replace table marts.link_performance as
with clicks as (
    select
        campaign,
        occurrence,
        url,
        count(*) filter (where verdict = 'human') as human_clicks,
        count(*) filter (where verdict = 'machine') as machine_clicks,
        count(distinct subscriber_id) filter (where verdict = 'human') as people,
        min(occurred_at) filter (where verdict = 'human') as first_click_at,
        max(occurred_at) filter (where verdict = 'human') as last_click_at
    from temp.events
    where event = 'clicked' and verdict is distinct from 'own_link' and url is not null
    group by campaign, occurrence, url
),

clickers as (
    select
        campaign,
        occurrence,
        count(distinct subscriber_id) as people
    from temp.events
    where event = 'clicked' and verdict = 'human' and url is not null
    group by campaign, occurrence
)

select
    clicks.*,
    clicks.people / nullif(clickers.people, 0) as share_of_clickers
from clicks
left join clickers using (campaign, occurrence)
order by clicks.campaign asc, clicks.occurrence asc, clicks.people desc, clicks.url asc;
