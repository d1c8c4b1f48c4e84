-- name: activities_actions
-- owner: data
-- grain: one row
-- params: none
-- purpose: How many rows of a piece the merge inserts, updates and leaves unchanged, and how many keys are duplicated, in
--          the batch or in the warehouse. Reads the temporary table incoming.
select
    count(*) filter (where action = 'insert') as inserted,
    count(*) filter (where action = 'update') as updated,
    count(*) filter (where action = 'unchanged') as unchanged,
    count(*) - count(distinct activity_id) as duplicates
from incoming;
