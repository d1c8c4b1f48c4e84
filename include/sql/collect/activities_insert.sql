-- name: activities_insert
-- owner: delivery
-- grain: one row per activity
-- params: none
-- purpose: Insert the posted activities that are not known yet, each activity_id once: the first one received. An
--          activity cannot happen after it was received: the clock of a client that is ahead would keep it out of the
--          features until then. Reads posted_activities, which include/collect/activities.py registers.
insert into core.activities by name
select
    posted.activity_id,
    posted.subscriber_id,
    posted.name,
    least(posted.happened_at, posted.received_at) as happened_at,
    try_cast(posted.properties as json) as properties,
    posted.received_at
from posted_activities as posted
anti join core.activities as known on posted.activity_id = known.activity_id
qualify row_number() over (partition by posted.activity_id order by posted.received_at, posted.position) = 1;
