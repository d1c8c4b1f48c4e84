-- name: condition_met_since
-- owner: dispatch
-- grain: one row per person and trigger who meets the condition
-- params: as_of
-- purpose: Who of the view people_due is in the result of a condition's query (temp table met) with a time after the trigger.
select distinct people_due.entry_id
from people_due
inner join met on people_due.subscriber_id = met.subscriber_id
where
    epoch(met.happened_at::timestamptz) > people_due.triggered_at
    and met.happened_at::timestamptz <= $as_of;
