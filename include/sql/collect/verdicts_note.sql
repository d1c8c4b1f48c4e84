-- name: verdicts_note
-- owner: data
-- grain: one row per person
-- params: none
-- purpose: Note, for the features, whose opens and clicks are classified. Reads classified, the rows that classify.sql returns.
insert into segment.changes by name
select distinct
    subscriber_id,
    'events' as source
from classified
where event in ('opened', 'clicked') and subscriber_id is not null;
