-- question: What does a recipient spend, by any segment that the person was in when the mail was planned?
-- reading:  A person in three segments counts in each of them, so do not sum over segments.
with recipients as (
    select history.segment, sends.message_key, sends.subscriber_id, sends.planned_at
    from marts.sends
    join marts.segment_history as history using (subscriber_id)
    where sends.state = 'accepted' and history.entered_at <= sends.planned_at
        and (history.left_at is null or history.left_at > sends.planned_at)
), spent as (
    select recipients.message_key, recipients.segment, sum(purchases.revenue) as revenue
    from recipients
    join marts.purchases on recipients.subscriber_id = purchases.subscriber_id
        and purchases.purchased_at > recipients.planned_at and purchases.purchased_at <= recipients.planned_at + interval 14 day
    group by all
)
select recipients.segment, count(*) as recipients, sum(spent.revenue)::double / count(*) as revenue_per_recipient
from recipients
left join spent using (message_key, segment)
group by recipients.segment
order by revenue_per_recipient desc nulls last;
