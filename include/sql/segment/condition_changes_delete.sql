-- name: condition_changes_delete
-- owner: data
-- grain: none
-- params: segment_run, built, history_since
-- purpose: Delete what an earlier try of this run found, and what was found in runs before a time.
delete from segment.condition_changes
where
    (segment_run = $segment_run and list_contains($built::varchar[], segment))
    or segment_run in (
        select segment_run
        from segment.runs
        where as_of < $history_since
    );
