-- name: checks_insert
-- owner: operations
-- grain: one row per check
-- params: run_id, at
-- purpose: Record the results of an audit from the view audit_results.
insert into core.audit_checks by name
select
    $run_id as run_id,
    $at as checked_at,
    check_name,
    verdict,
    evidence,
    advice
from audit_results;
