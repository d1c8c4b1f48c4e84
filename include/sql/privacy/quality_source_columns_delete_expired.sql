-- name: quality_source_columns_delete_expired
-- owner: data
-- grain: none
-- params: before
-- purpose: Delete the columns of sources of runs that were checked before a time and are superseded. quality.runs keeps their counts.
delete from quality.source_columns
where (landed_run, relation) in (
    select
        superseded.landed_run,
        superseded.relation
    from superseded_checks($before) as superseded
);
