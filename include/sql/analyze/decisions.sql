-- name: decisions
-- owner: analytics
-- grain: one row per decision
-- params: none
-- purpose: What people decided about campaigns and journeys, with who, when and why. From the ledger's rows (ledger_decisions).
create or replace table marts.decisions as
select
    make_timestamptz((decided_at * 1000000)::bigint) as decided_at,
    decided_by,
    action,
    journey,
    campaign,
    occurrence,
    note
from ledger_decisions
order by decided_at;
