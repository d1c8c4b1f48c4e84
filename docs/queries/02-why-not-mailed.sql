-- question: Why were people not mailed?
-- reading:  One row per reason; state says whether the person was suppressed, capped, held out or something else.
select state, reason, count(*) as messages, count(distinct subscriber_id) as people
from marts.sends
where state <> 'accepted'
group by all
order by messages desc;
