-- name: day_reasons
-- owner: data
-- grain: one row per direction and condition
-- params: segment, day
-- purpose: Which conditions changed for how many of the people who entered or left a segment on a day (UTC), most frequent first.
select
    moved,
    condition,
    count(distinct subscriber_id) as people
from segment.moves_on($segment, $day::date)
group by moved, condition
order by moved asc, people desc, condition asc;
