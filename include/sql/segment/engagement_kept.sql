-- name: engagement_kept
-- owner: data
-- grain: one row per person whose events are not summed again
-- params: none
-- purpose: Adds to engagement_by_person what the facts have of the people who are computed for another source (temporary table
--          facts_before). The time of the last click stands for that of the last engagement, since a click counts with any
--          consent; with another consent events are summed again.
insert into temp.engagement_by_person by name
select
    number,
    last_human_engaged_at as last_clicked_at,
    human_opens_90d as opens_90d,
    human_clicks_90d as clicks_90d,
    human_opens_30d as opens_30d,
    human_clicks_30d as clicks_30d
from temp.facts_before
where not has_events;
