-- name: audience_counts
-- owner: dispatch
-- grain: one row
-- params: none
-- purpose: The number of people of the audience in each state.
select
    count(*) as selected,
    count(*) filter (where state = 'planned') as planned,
    count(*) filter (where state = 'suppressed') as suppressed,
    count(*) filter (where state = 'capped') as capped,
    count(*) filter (where state = 'held_out') as held_out
from audience;
