-- name: journey_steps
-- owner: analytics
-- grain: one row per person, trigger and step
-- params: none
-- purpose: The way of each person: every step behind them with its outcome. From the ledger's rows (ledger_journey_steps), with
--          the person of marts.journey_entries.
create or replace table marts.journey_steps as
select
    passed.entry_id,
    entry.journey,
    entry.version,
    entry.subscriber_id,
    passed.step,
    passed.outcome,
    make_timestamptz((passed.passed_at * 1000000)::bigint) as passed_at,
    passed.plan_id,
    passed.message_key
from ledger_journey_steps as passed
inner join marts.journey_entries as entry on passed.entry_id = entry.entry_id;
