-- name: purchases_unseen
-- owner: data
-- grain: one row a purchase that the pass did not show (temp table unseen)
-- params: files, run, at
-- purpose: After a full pass: which of the known purchases the source does not show, since when, and whether an earlier full pass
--          agrees. A quarantined row was seen.
create or replace temp table unseen as
select
    known.purchase_id as source_key,
    coalesce(held.landed_run, $run) as landed_run,
    coalesce(held.unseen_since, $at::timestamptz) as unseen_since,
    coalesce(held.landed_run <> $run, false) as is_confirmed
from core.purchases as known
anti join read_parquet($files) as landed on known.purchase_id = landed.purchase_id
left join core.unseen as held on known.purchase_id = held.source_key and held.relation = 'purchases';
