-- name: engagement_by_person
-- owner: data
-- grain: one row per number with an opened or clicked mail
-- params: as_of
-- purpose: What segment.facts has of mail events at as_of, of those that are classified as human.
with events as (
    select
        number,
        event,
        occurred_at
    from temp.fact_events
    where verdict = 'human' and event in ('opened', 'clicked') and occurred_at <= $as_of
    order by number
)

select
    events.number,
    max(events.occurred_at) filter (where events.event = 'opened') as last_opened_at,
    max(events.occurred_at) filter (where events.event = 'clicked') as last_clicked_at,
    count(*) filter (where events.event = 'opened' and events.is_recent)::integer as opens_90d,
    count(*) filter (where events.event = 'clicked' and events.is_recent)::integer as clicks_90d,
    count(*) filter (where events.event = 'opened' and events.is_new)::integer as opens_30d,
    count(*) filter (where events.event = 'clicked' and events.is_new)::integer as clicks_30d
from (
    select
        number,
        event,
        occurred_at,
        occurred_at > $as_of::timestamptz - interval 90 day as is_recent,
        occurred_at > $as_of::timestamptz - interval 30 day as is_new
    from events
) as events
group by all;
