-- question: At which weekday and hour do people open?
-- reading:  On the recipient's own clock.
select weekday, hour, sum(human_opens) as opens, sum(human_clicks) as clicks
from marts.engagement_by_hour
group by weekday, hour
order by opens desc
limit 20;
