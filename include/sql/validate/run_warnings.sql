-- name: run_warnings
-- owner: data
-- grain: one row per warning
-- params: run
-- purpose: The warnings of a run, for alerts. Drift of a column that the previous run of the same source had too is not
--          repeated.
with warned as (
    select
        landed_run,
        relation,
        source,
        is_full,
        validated_at,
        warnings
    from quality.runs
    where landed_run = $run
),

previous as (
    select
        warned.relation,
        arg_max(earlier.landed_run, earlier.validated_at) as landed_run
    from warned
    inner join quality.runs as earlier
        on
            warned.relation = earlier.relation
            and warned.source = earlier.source
            and warned.is_full = earlier.is_full
            and warned.validated_at > earlier.validated_at
    where earlier.verdict = 'accepted'
    group by warned.relation
),

repeated as (
    select
        results.relation,
        concat(results.expectation, ': ', unnest(results.details)) as warning
    from previous
    inner join quality.results as before using (relation, landed_run)
    inner join quality.results as results
        on
            before.relation = results.relation
            and before.expectation = results.expectation
            and before.column_name = results.column_name
    where
        results.landed_run = $run
        and not results.success
        and not before.success
        and ends_with(results.expectation, '_drift')
)

select
    found.relation,
    found.warning
from (
    select
        relation,
        unnest(warnings) as warning
    from warned
) as found
anti join repeated on found.relation = repeated.relation and found.warning = repeated.warning
order by found.relation desc;
