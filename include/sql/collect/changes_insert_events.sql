-- name: changes_insert_events
-- owner: data
-- grain: one row per message with a new event
-- params: none
-- purpose: Tell the next build of the marts which messages have new events.
insert into build.changes by name
select
    matched.matched_message_key as message_key,
    min(matched.occurred_at) as since
from deduplicated
inner join matched on deduplicated.arrival = matched.arrival
where deduplicated.status = 'new'
group by matched.matched_message_key;
