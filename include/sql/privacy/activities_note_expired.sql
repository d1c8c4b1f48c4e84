-- name: activities_note_expired
-- owner: data
-- grain: one row per person
-- params: before
-- purpose: Note, for the features, whose activities activities_delete_expired.sql deletes.
insert into segment.changes by name
select distinct
    subscriber_id,
    'activities' as source
from core.activities
where happened_at < $before::timestamptz and received_at is not null;
