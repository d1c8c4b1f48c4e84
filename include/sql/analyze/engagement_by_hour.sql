-- name: engagement_by_hour
-- owner: analytics
-- grain: one row per campaign, weekday and hour
-- params: none
-- purpose: When mail arrives and when people open and click, on the recipient's own clock (UTC where the time zone is not
--          known). Each message counts once, at its first delivery, open and click.
create or replace table marts.engagement_by_hour as
select * exclude (messages)
from build.clock_counts
order by campaign, weekday, hour;
