-- name: audits
-- owner: analytics
-- grain: one row per audit
-- params: none
-- purpose: The last 24 audits with their checks by verdict, and how many verdicts changed; the newest first.
select
    run_id,
    max(checked_at) as checked_at,
    count(*) filter (where verdict = 'fail') as failed,
    count(*) filter (where verdict = 'warn') as warned,
    count(*) filter (where verdict = 'unknown') as unknown,
    count(*) filter (where verdict = 'pass') as passed,
    count(*) filter (where previous_verdict <> verdict) as changed
from marts.audit_checks
group by run_id
order by max(checked_at) desc
limit 24;
