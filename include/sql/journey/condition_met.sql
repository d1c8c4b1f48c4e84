-- name: condition_met
-- owner: dispatch
-- grain: one row per person and trigger who meets the condition
-- params: none
-- purpose: Who of the view people_due is in the result of a condition's query (temp table met), which has no time.
select distinct people_due.entry_id
from people_due
inner join met on people_due.subscriber_id = met.subscriber_id;
