-- name: purchases_unseen
-- owner: data
-- grain: one row per purchase missing from the pass (temp table unseen)
-- params: files, run, at, landed_at
-- purpose: After a full pass: the known purchases that it lacks, since when, and whether an earlier full pass lacked them
--          too. A quarantined row counts as present.
--          What was made after the pass landed is not missing from it: an old run that is cleared deletes nothing newer.
--          Rows that this run merged are in it: not compared.
create or replace temp table unseen as
select
    known.purchase_id as source_key,
    coalesce(earlier.landed_run, $run) as landed_run,
    coalesce(earlier.unseen_since, $at::timestamptz) as unseen_since,
    coalesce(earlier.landed_run <> $run, false) as is_confirmed
from core.purchases as known
anti join read_parquet($files) as landed on known.purchase_id = landed.purchase_id
left join core.unseen as earlier on known.purchase_id = earlier.source_key and earlier.relation = 'purchases'
where
    known.landed_run <> $run
    and known.purchased_at <= $landed_at::timestamptz;
