-- name: source_files_insert
-- owner: data
-- grain: one row per file
-- params: run, relation, source_files
-- purpose: Insert the files that a batch was read from.
insert into quality.source_files by name
select
    $run as landed_run,
    $relation as relation,
    unnest($source_files::varchar[]) as file_name;
