-- name: spool_files_insert
-- owner: data
-- grain: one row per webhook batch
-- params: loaded_at
-- purpose: Inserts the batches of this load with their counts: events = new + duplicates + quarantined.
--          `repeated` of the view batch_files are the redelivered events that were left out when the batch was read.
insert into engagement.spool_files by name
select
    files.name,
    files.received_at,
    $loaded_at as loaded_at,
    count(deduplicated.status) + files.repeated as events,
    count(*) filter (where deduplicated.status = 'new') as new_events,
    count(*) filter (where deduplicated.status = 'duplicate') + files.repeated as duplicates,
    count(*) filter (where deduplicated.status = 'quarantined') as quarantined
from batch_files as files
left join deduplicated on files.name = deduplicated.spool_file and not deduplicated.reconsidered
group by files.name, files.received_at, files.repeated;
