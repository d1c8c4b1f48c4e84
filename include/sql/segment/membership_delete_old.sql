-- name: membership_delete_old
-- owner: data
-- grain: none
-- params: keep_runs
-- purpose: Delete the membership of all but the newest runs; the sizes of all runs are kept.
delete from segment.membership
where segment_run not in (
    select segment_run
    from segment.runs
    order by built_at desc, segment_run asc
    limit $keep_runs
);
