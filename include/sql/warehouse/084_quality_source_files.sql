-- name: 084_quality_source_files
-- owner: data
-- grain: one row a file a batch
-- params: none
-- purpose: Which files of a folder a batch was read from. What tells that one is missing since the batch before.
create table if not exists quality.source_files (
    landed_run varchar not null,
    relation varchar not null,
    file_name varchar not null
);
