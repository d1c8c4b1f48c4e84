-- name: subscribers_unseen
-- owner: data
-- grain: one row per subscriber missing from the pass (temp table unseen)
-- params: files, run, at, landed_at
-- purpose: After a full pass: the known subscribers that it lacks, since when, and whether an earlier full pass lacked them
--          too. A quarantined row counts as present. A row that changed after the pass landed is not missing from it: an old
--          run that is cleared deletes nobody who came since.
--          Rows that this run merged are in it: not compared.
create or replace temp table unseen as
select
    known.subscriber_id as source_key,
    coalesce(earlier.landed_run, $run) as landed_run,
    coalesce(earlier.unseen_since, $at::timestamptz) as unseen_since,
    coalesce(earlier.landed_run <> $run, false) as is_confirmed
from core.subscribers as known
anti join read_parquet($files) as landed on known.subscriber_id = landed.subscriber_id
left join core.unseen as earlier on known.subscriber_id = earlier.source_key and earlier.relation = 'subscribers'
where
    known.landed_run <> $run
    and known.deleted_at is null
    and known.updated_at <= $landed_at::timestamptz;
