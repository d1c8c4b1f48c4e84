-- name: 084_quality_source_files
-- owner: data
-- grain: one row per file and batch
-- params: none
-- purpose: The files of a folder that a batch was read from. Shows which files are missing since the previous batch.
create table if not exists quality.source_files (
    landed_run varchar not null,
    relation varchar not null,
    file_name varchar not null
);
