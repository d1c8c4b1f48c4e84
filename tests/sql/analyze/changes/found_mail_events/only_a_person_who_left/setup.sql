create temp table changed_messages as select unnest(['m1', 'm2', 'm3']) as message_key;
create temp table found_events as
select
    concat('e', right(message_key, 1)) as dedup_key,
    message_key,
    'anna' as subscriber_id,
    'news' as campaign,
    'W44' as occurrence,
    if(message_key = 'm1', 'clicked', 'unsubscribed') as event,
    now() as occurred_at,
    now() as received_at,
    if(message_key = 'm2', 'machine', 'human') as verdict,
    true as is_certain
from changed_messages;
