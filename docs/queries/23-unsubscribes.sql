-- question: By which way do people unsubscribe?
-- reading:  source is edge for our own pages and webhook for SendGrid. An unsubscribe that both report counts once.
select campaigns.title, events.source, count(*) as unsubscribes
from marts.events
left join marts.campaigns using (campaign)
where events.event in ('unsubscribed', 'group_unsubscribed') and events.verdict is distinct from 'machine'
group by all
order by unsubscribes desc;
