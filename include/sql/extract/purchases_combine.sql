-- name: purchases_combine
-- owner: data
-- grain: one row per purchase; every row without an id
-- params: files
-- purpose: The purchases of several sources, `files` in order of precedence: the first row of each purchase_id, and every line that
--          cannot be read.
select * exclude (filename)
from read_parquet($files, filename = true)
qualify
    unreadable is not null
    or purchase_id is null
    or row_number() over (
        partition by purchase_id, unreadable is null
        order by list_position($files::varchar[], filename)
    ) = 1;
