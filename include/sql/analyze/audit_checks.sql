-- name: audit_checks
-- owner: analytics
-- grain: one row per audit and check
-- params: none
-- purpose: The results of the monthly audits, each with the verdict of the audit before.
create or replace table marts.audit_checks as
select
    run_id,
    checked_at,
    check_name,
    verdict,
    lag(verdict) over (partition by check_name order by checked_at) as previous_verdict,
    evidence,
    advice
from core.audit_checks
order by checked_at, check_name;
