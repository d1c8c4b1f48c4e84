-- name: quality_results_delete_expired
-- owner: data
-- grain: none
-- params: before
-- purpose: Delete the results of rules of runs that were checked before a time and are superseded. quality.runs keeps their counts.
delete from quality.results
where (landed_run, relation) in (
    select
        superseded.landed_run,
        superseded.relation
    from superseded_checks($before) as superseded
);
