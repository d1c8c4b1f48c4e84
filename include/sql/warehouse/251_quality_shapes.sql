-- name: 251_quality_shapes
-- owner: data
-- grain: one row per column of the contract, shape and batch
-- params: none
-- purpose: How many of the first landed values of a column look like whole numbers, times, text, …. Shows which columns
--          changed their meaning, also in a source in which everything is text.
create table if not exists quality.shapes (
    landed_run varchar not null,
    relation varchar not null,
    column_name varchar not null,
    shape varchar not null,
    shape_rows bigint not null
);
