-- name: sizes_define
-- owner: data
-- grain: none
-- params: segment_run, built, definitions
-- purpose: Record with which definition the run built each segment.
update segment.sizes
set definition = defined.definition
from (
    select
        unnest($built::varchar[]) as segment,
        unnest($definitions::varchar[]) as definition
) as defined
where sizes.segment_run = $segment_run and sizes.segment = defined.segment;
