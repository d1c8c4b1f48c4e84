-- name: spool_files_insert
-- owner: data
-- grain: one row a webhook batch
-- params: loaded_at
-- purpose: The batches of this load with their sums: events = new + duplicates + quarantined.
insert into engagement.spool_files by name
select
    files.name,
    files.received_at,
    $loaded_at as loaded_at,
    count(decided.fate) as events,
    count(*) filter (where decided.fate = 'new') as new_events,
    count(*) filter (where decided.fate = 'duplicate') as duplicates,
    count(*) filter (where decided.fate = 'quarantined') as quarantined
from batch_files as files
left join decided on files.name = decided.spool_file and not decided.reconsidered
group by files.name, files.received_at;
