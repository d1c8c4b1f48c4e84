-- name: built_delete
-- owner: data
-- grain: none
-- params: mart
-- purpose: Deletes what is known of a table before it is inserted again.
delete from build.marts
where mart = $mart;
