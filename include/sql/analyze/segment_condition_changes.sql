-- name: segment_condition_changes
-- owner: analytics
-- grain: one row per subscriber who entered or left a segment in a run, and condition
-- params: none
-- rebuild: by segments
-- purpose: The conditions that changed for people who entered or left a segment.
create or replace table marts.segment_condition_changes as
select
    changes.segment_run,
    runs.as_of,
    changes.segment,
    changes.subscriber_id,
    changes.moved,
    changes.condition,
    changes.met_before,
    changes.met_after,
    changes.compared_at
from segment.condition_changes as changes
inner join segment.runs using (segment_run)
order by runs.as_of, changes.segment, changes.subscriber_id, changes.condition;
