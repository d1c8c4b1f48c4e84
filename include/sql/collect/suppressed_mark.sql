-- name: suppressed_mark
-- owner: data
-- grain: one row a webhook batch
-- params: suppressed_at
-- purpose: Notes that the ledger has what the batches say. Only after its commit: a crash before looks at them again.
update engagement.spool_files
set suppressed_at = $suppressed_at
where suppressed_at is null;
