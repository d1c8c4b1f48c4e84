-- name: activities_combine
-- owner: data
-- grain: one row per activity; every row without an id
-- params: files, sources
-- purpose: The activities of several sources, `sources` in order of precedence: the rows of each activity_id in the first
--          source that has it, and every line that cannot be read.
select * exclude (source)
from read_parquet($files)
qualify
    unreadable is not null
    or activity_id is null
    or rank() over (
        partition by activity_id, unreadable is null
        order by list_position($sources::varchar[], source)
    ) = 1;
