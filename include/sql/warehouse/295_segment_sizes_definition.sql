-- name: 295_segment_sizes_definition
-- owner: data
-- grain: none
-- params: none
-- purpose: SHA-256 of the definition with which the run built the segment, and of its parameters; null in older runs.
alter table segment.sizes add column if not exists definition varchar;
