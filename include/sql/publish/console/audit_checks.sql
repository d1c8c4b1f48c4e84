-- name: audit_checks
-- owner: analytics
-- grain: one row per check
-- params: run_id
-- purpose: The checks of one audit, the worst first.
select
    check_name,
    verdict,
    previous_verdict,
    advice,
    evidence::varchar as evidence
from marts.audit_checks
where run_id = $run_id
order by list_position(['fail', 'warn', 'unknown', 'pass'], verdict), check_name;
