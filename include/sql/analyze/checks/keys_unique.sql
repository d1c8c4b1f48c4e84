-- name: keys_unique
-- owner: data
-- grain: one row per table
-- params: none
-- purpose: The small tables have each key once. Their statements delete by key before they insert, and no constraint of the
--          catalogue would notice a duplicate (ADR 96).
with copies as (
    select
        'quality.runs' as table_name,
        'landed_run, relation' as key_columns,
        count(*) as copies
    from quality.runs
    group by landed_run, relation
    union all
    select
        'quality.results' as table_name,
        'landed_run, relation, expectation, column_name' as key_columns,
        count(*) as copies
    from quality.results
    group by landed_run, relation, expectation, column_name
    union all
    select
        'segment.runs' as table_name,
        'segment_run' as key_columns,
        count(*) as copies
    from segment.runs
    group by segment_run
    union all
    select
        'segment.sizes' as table_name,
        'segment_run, segment' as key_columns,
        count(*) as copies
    from segment.sizes
    group by segment_run, segment
    union all
    select
        'dispatch.plans' as table_name,
        'plan_id' as key_columns,
        count(*) as copies
    from dispatch.plans
    group by plan_id
    union all
    select
        'engagement.spool_files' as table_name,
        'name' as key_columns,
        count(*) as copies
    from engagement.spool_files
    group by name
    union all
    select
        'engagement.quarantined_events' as table_name,
        'dedup_key' as key_columns,
        count(*) as copies
    from engagement.quarantined_events
    group by dedup_key
    union all
    select
        'marts.list_health' as table_name,
        'day' as key_columns,
        count(*) as copies
    from marts.list_health
    group by day
)

select
    table_name as scope,
    'rows' as left_side,
    sum(copies)::bigint as left_value,
    concat('distinct ', key_columns) as right_side,
    count(*) as right_value,
    true as must_hold
from copies
group by table_name, key_columns;
