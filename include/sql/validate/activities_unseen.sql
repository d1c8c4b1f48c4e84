-- name: activities_unseen
-- owner: data
-- grain: one row per activity missing from the pass (temp table unseen)
-- params: files, run, at, landed_at
-- purpose: After a full pass: the known activities that it lacks, since when, and whether an earlier full pass lacked them
--          too. A quarantined row counts as present. Posted activities are not the source's: none of them is missing.
--          What happened after the pass landed is not missing from it: an old run that is cleared deletes nothing newer.
--          Rows that this run merged are in it: not compared.
create or replace temp table unseen as
select
    known.activity_id as source_key,
    coalesce(earlier.landed_run, $run) as landed_run,
    coalesce(earlier.unseen_since, $at::timestamptz) as unseen_since,
    coalesce(earlier.landed_run <> $run, false) as is_confirmed
from core.activities as known
anti join read_parquet($files) as landed on known.activity_id = landed.activity_id
left join core.unseen as earlier on known.activity_id = earlier.source_key and earlier.relation = 'activities'
where
    known.landed_run <> $run
    and known.received_at is null
    and known.happened_at <= $landed_at::timestamptz;
