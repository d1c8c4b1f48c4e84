-- name: activities_note_unseen
-- owner: data
-- grain: one row per person
-- params: hold_deletions
-- purpose: Note, for the features, whose activities are deleted because a full pass lacks them, as activities_delete_unseen.sql does. Reads the
--          temporary table unseen.
insert into segment.changes by name
select distinct
    subscriber_id,
    'activities' as source
from core.activities
where
    activity_id in (
        select source_key
        from unseen
        where is_confirmed or not $hold_deletions
    );
