-- name: source_files_insert
-- owner: data
-- grain: one row a file
-- params: run, relation, source_files
-- purpose: Write which files a batch was read from.
insert into quality.source_files by name
select
    $run as landed_run,
    $relation as relation,
    unnest($source_files::varchar[]) as file_name;
