-- name: checks_delete
-- owner: operations
-- grain: one row per check
-- params: run_id
-- purpose: Delete the results of a run that is recorded again.
delete from core.audit_checks
where run_id = $run_id;
