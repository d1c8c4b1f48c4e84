-- name: quality_shapes_delete_expired
-- owner: data
-- grain: none
-- params: before
-- purpose: Delete the looks of values of runs that were checked before a time and are superseded. quality.runs keeps their counts.
delete from quality.shapes
where (landed_run, relation) in (
    select
        superseded.landed_run,
        superseded.relation
    from superseded_checks($before) as superseded
);
