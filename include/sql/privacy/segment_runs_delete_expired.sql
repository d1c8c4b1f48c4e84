-- name: segment_runs_delete_expired
-- owner: data
-- grain: one row per segment run
-- params: before
-- purpose: Delete the runs from before a time of which no size and no move is left.
delete from segment.runs
where
    as_of < $before::timestamptz
    and segment_run not in (select sizes.segment_run from segment.sizes)
    and segment_run not in (select moves.segment_run from segment.moves);
