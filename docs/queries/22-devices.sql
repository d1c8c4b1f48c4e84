-- question: On which devices do people click?
-- reading:  Opens through an image proxy hide the device; clicks do not.
select device_class, count(distinct subscriber_id) as people, count(*) as clicks
from marts.events
where event = 'clicked' and verdict = 'human'
group by device_class
order by people desc;
