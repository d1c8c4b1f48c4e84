-- name: segment_sizes_delete_expired
-- owner: data
-- grain: one row per segment and run
-- params: before
-- purpose: Delete the sizes of segments in runs from before a time; those of the newest run of each segment stay.
delete from segment.sizes
where (segment_run, segment) in (
    select
        sizes.segment_run,
        sizes.segment
    from segment.sizes
    inner join segment.runs using (segment_run)
    qualify
        runs.as_of < $before::timestamptz
        and row_number() over (
            partition by sizes.segment
            order by runs.as_of desc, runs.built_at desc
        ) > 1
);
