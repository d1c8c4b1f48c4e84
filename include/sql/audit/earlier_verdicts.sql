-- name: earlier_verdicts
-- owner: operations
-- grain: one row per check
-- params: run_id
-- purpose: Of the audits before this one, the verdict of the last (previous), and of the last that could be asked (known).
select
    check_name,
    arg_max(verdict, checked_at) as previous,
    arg_max(verdict, checked_at) filter (where verdict <> 'unknown') as known
from core.audit_checks
where run_id <> $run_id
group by check_name;
