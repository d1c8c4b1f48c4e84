-- name: quality_profiles_delete_expired
-- owner: data
-- grain: none
-- params: before
-- purpose: Delete the numbers of filled rows of runs that were checked before a time and are superseded. quality.runs keeps their counts.
delete from quality.profiles
where (landed_run, relation) in (
    select
        superseded.landed_run,
        superseded.relation
    from superseded_checks($before) as superseded
);
