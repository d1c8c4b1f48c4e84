-- name: journey_entries
-- owner: analytics
-- grain: one row per person and trigger
-- params: none
-- purpose: Where each person is in a journey, or how they left it. From the ledger's rows (ledger_journey_entries).
create or replace table marts.journey_entries as
select
    entry_id,
    journey,
    version,
    subscriber_id,
    state,
    reason,
    step as next_step,
    make_timestamptz((triggered_at * 1000000)::bigint) as triggered_at,
    make_timestamptz((entered_at * 1000000)::bigint) as entered_at,
    make_timestamptz((due_at * 1000000)::bigint) as due_at
from ledger_journey_entries;
