create temp table messages_to_classify as
from (values ('m1')) as messages (message_key);
insert into engagement.events by name
select
    'd' || i as dedup_key, if(i = 3, 'm2', 'm1') as message_key, 's' as subscriber_id, 'news' as campaign, 'w1' as occurrence,
    'opened' as event, now() as occurred_at, now() as received_at, 'f' as spool_file,
    case when i <> 2 then 'human' end as verdict, case when i <> 4 then 2 end as rule_version
from range(1, 5) as numbers (i);
