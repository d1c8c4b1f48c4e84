-- name: journeys
-- owner: analytics
-- grain: one row per journey and version
-- params: none
-- purpose: The versions of journeys that people enter in or are inside of, with the picture of each.
select
    journey,
    title,
    version,
    is_current,
    state,
    entered,
    inside,
    finished,
    goal,
    left_early,
    cancelled,
    picture
from marts.journeys
where is_current or inside > 0
order by journey asc, is_current desc, version asc;
