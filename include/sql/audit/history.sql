-- name: history
-- owner: operations
-- grain: one row per check and audit
-- params: audits = 12
-- purpose: The verdicts of the last audits for the page, the oldest first.
select
    check_name,
    checked_at,
    verdict
from core.audit_checks
qualify dense_rank() over (order by checked_at desc) <= $audits
order by check_name, checked_at;
