-- name: entries_new
-- owner: dispatch
-- grain: one row per person and trigger who may enter a journey
-- params: journey, as_of, since
-- purpose: The rows of a journey's trigger (temp table triggered) that happened after $since and not in the future, whose person
--          may be mailed now and is not in the view known_entries with it. People who may not be mailed yet enter once they
--          may, as long as the trigger is not too old. entry_id is the same in every run.
with distinct_triggers as (
    select
        subscriber_id::varchar as subscriber_id,
        trigger_key::varchar as trigger_key,
        min(happened_at::timestamptz) as happened_at
    from triggered
    where subscriber_id is not null and trigger_key is not null
    group by all
    having min(happened_at::timestamptz) > $since and min(happened_at::timestamptz) <= $as_of
),

keyed as (
    select
        message_key(
            concat('journey ', $journey), distinct_triggers.trigger_key, distinct_triggers.subscriber_id
        ) as entry_id,
        distinct_triggers.subscriber_id,
        distinct_triggers.trigger_key,
        epoch(distinct_triggers.happened_at) as triggered_at,
        person.timezone
    from distinct_triggers
    inner join people_as_of($as_of) as person on distinct_triggers.subscriber_id = person.subscriber_id
    where person.withheld_for is null
)

select *
from keyed
where entry_id not in (select known_entries.entry_id from known_entries)
order by triggered_at, entry_id;
