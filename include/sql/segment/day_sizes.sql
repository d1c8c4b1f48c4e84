-- name: day_sizes
-- owner: data
-- grain: one row
-- params: segment, day
-- purpose: How many people were in a segment at the end of a day (UTC), and how many entered and left on it.
select
    (select count(*) from segment.members_on($segment, $day::date)) as members,
    count(distinct subscriber_id) filter (where moved = 'entered') as entered,
    count(distinct subscriber_id) filter (where moved = 'left') as left_segment
from segment.moves_on($segment, $day::date);
