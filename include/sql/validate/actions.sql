-- name: actions
-- owner: data
-- grain: one row
-- params: none
-- purpose: How many rows of a batch the merge inserts, updates and leaves alone. Reads the temporary table incoming.
select
    count(*) filter (where action = 'insert') as inserted,
    count(*) filter (where action = 'update') as updated,
    count(*) filter (where action = 'unchanged') as unchanged
from incoming
