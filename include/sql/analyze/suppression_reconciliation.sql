-- name: suppression_reconciliation
-- owner: analytics
-- grain: one row per comparison and list
-- params: none
-- purpose: The comparisons of SendGrid's suppression lists with ours.
create or replace table marts.suppression_reconciliation as
select
    checked_at,
    list,
    entries,
    matched,
    explained,
    repaired
from core.suppression_checks
order by checked_at, list;
