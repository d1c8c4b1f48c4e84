-- name: spool_files_update_suppressed_at
-- owner: data
-- grain: one row per webhook batch
-- params: suppressed_at
-- purpose: Records that the ledger has the suppressions of these batches. Runs after the ledger's commit: after a crash in
--          between, the batches are read again.
update engagement.spool_files
set suppressed_at = $suppressed_at
where suppressed_at is null;
