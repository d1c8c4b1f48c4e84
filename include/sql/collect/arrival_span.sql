-- name: arrival_span
-- owner: data
-- grain: one row
-- params: none
-- purpose: The time range of the matched arrivals, one day wider at each end. Known events outside it cannot be duplicates
--          of them.
select
    coalesce(min(occurred_at), 'epoch'::timestamptz) - interval 1 day as first,
    coalesce(max(occurred_at), 'epoch'::timestamptz) + interval 1 day as last
from matched
where matched_message_key is not null;
