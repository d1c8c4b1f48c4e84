-- name: membership_delete_old
-- owner: data
-- grain: none
-- params: keep_runs, keep_days, built_at
-- purpose: Delete old membership; the sizes of all runs are kept. Of each segment, the newest `keep_runs` runs that built it stay,
--          and the last one of each day (UTC) of the `keep_days` before `built_at`: posted activities start a run per minute.
delete from segment.membership
where (segment_run, segment) not in (
    select
        sizes.segment_run,
        sizes.segment
    from segment.sizes
    inner join segment.runs using (segment_run)
    window
        of_segment as (
            partition by sizes.segment
            order by runs.built_at desc, runs.segment_run asc
        ),
        of_day as (
            partition by sizes.segment, utc_day(runs.built_at)
            order by runs.built_at desc, runs.segment_run asc
        )
    qualify
        row_number() over of_segment <= $keep_runs
        or (row_number() over of_day = 1 and runs.built_at > $built_at::timestamptz - to_days($keep_days::integer))
);
