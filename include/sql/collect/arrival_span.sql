-- name: arrival_span
-- owner: data
-- grain: one row
-- params: none
-- purpose: The time that the tied arrivals cover, with a day on each side: known events outside cannot be their copies.
select
    coalesce(min(occurred_at), 'epoch'::timestamptz) - interval 1 day as first,
    coalesce(max(occurred_at), 'epoch'::timestamptz) + interval 1 day as last
from tied
where sent_key is not null;
