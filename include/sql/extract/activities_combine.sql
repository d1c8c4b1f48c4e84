-- name: activities_combine
-- owner: data
-- grain: one row per activity; every row without an id
-- params: files
-- purpose: The activities of several sources, `files` in order of precedence: the first row of each activity_id, and every line that
--          cannot be read.
select * exclude (filename)
from read_parquet($files, filename = true)
qualify
    unreadable is not null
    or activity_id is null
    or row_number() over (
        partition by activity_id, unreadable is null
        order by list_position($files::varchar[], filename)
    ) = 1;
