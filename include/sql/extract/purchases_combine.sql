-- name: purchases_combine
-- owner: data
-- grain: one row per purchase; every row without an id
-- params: files, sources
-- purpose: The purchases of several sources, `sources` in order of precedence: the rows of each purchase_id in the first
--          source that has it, and every line that cannot be read.
select * exclude (source)
from read_parquet($files)
qualify
    unreadable is not null
    or purchase_id is null
    or rank() over (
        partition by purchase_id, unreadable is null
        order by list_position($sources::varchar[], source)
    ) = 1;
