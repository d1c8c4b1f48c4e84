-- name: activities_note
-- owner: data
-- grain: one row per person
-- params: none
-- purpose: Note, for the features, who posted activities. Reads posted_activities, which include/collect/activities.py registers.
insert into segment.changes by name
select distinct
    subscriber_id,
    'activities' as source
from posted_activities;
