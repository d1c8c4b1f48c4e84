-- name: subscribers_unseen
-- owner: data
-- grain: one row a subscriber that the pass did not show (temp table unseen)
-- params: files, run, at
-- purpose: After a full pass: which of the known subscribers the source does not show, since when, and whether an earlier full pass
--          agrees. A quarantined row was seen.
create or replace temp table unseen as
select
    known.subscriber_id as source_key,
    coalesce(held.landed_run, $run) as landed_run,
    coalesce(held.unseen_since, $at::timestamptz) as unseen_since,
    coalesce(held.landed_run <> $run, false) as is_confirmed
from core.subscribers as known
anti join read_parquet($files) as landed on known.subscriber_id = landed.subscriber_id
left join core.unseen as held on known.subscriber_id = held.source_key and held.relation = 'subscribers'
where known.deleted_at is null;
