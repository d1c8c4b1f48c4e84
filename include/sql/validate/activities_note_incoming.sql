-- name: activities_note_incoming
-- owner: data
-- grain: one row per person
-- params: none
-- purpose: Note, for the features, whose activities a piece adds or changes: those who have them now and those who had them. Not before there
--          are features. Reads the temporary table incoming.
insert into segment.changes by name
select
    subscriber_id,
    'activities' as source
from (
    select subscriber_id
    from incoming
    where action <> 'unchanged'
    union
    select subscriber_id
    from core.activities
    where
        activity_id in (
            select activity_id
            from incoming
            where action = 'update'
        )
) as people
where exists (select 1 from segment.scales);
