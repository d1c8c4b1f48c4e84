-- name: known_insert
-- owner: data
-- grain: one row per known event
-- params: first, last
-- purpose: Adds the known events from $first to before $last that have the content or the sg_event_id of a matched arrival.
insert into known by name
select
    events.dedup_key,
    events.sg_event_id
from engagement.events as events
where
    events.occurred_at >= $first
    and events.occurred_at < $last
    and (
        left(events.dedup_key, 32) in (select matched.content_key from matched)
        or events.sg_event_id in (select matched.sg_event_id from matched)
    );
