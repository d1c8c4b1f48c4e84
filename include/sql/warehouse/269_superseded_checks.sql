-- name: 269_superseded_checks
-- owner: data
-- grain: one row per checked run and relation or stage
-- params: none
-- purpose: The runs that were checked before a time, without the newest 60 of each relation and source, and of each stage: drift
--          is learnt from the last 28 runs, and a changed schema is seen against the last accepted one.
create or replace macro superseded_checks(before) as table
    with checked as (
        select
            landed_run,
            relation,
            source,
            validated_at as checked_at
        from quality.runs
        union all
        select
            results.landed_run,
            results.relation,
            null as source,
            max(results.checked_at) as checked_at
        from quality.results as results
        anti join quality.runs as runs
            on results.landed_run = runs.landed_run and results.relation = runs.relation
        group by results.landed_run, results.relation
    )

    select
        landed_run,
        relation
    from checked
    qualify
        checked_at < before::timestamptz
        and row_number() over (
            partition by relation, source
            order by checked_at desc, landed_run desc
        ) > 60;
