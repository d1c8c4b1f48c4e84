create temp table changed_messages as select unnest(['m1', 'm2']) as message_key;
create temp table found_events as
select 'e1' as dedup_key, 'm1' as message_key, 'anna' as subscriber_id, 'c' as campaign, 'o1' as occurrence,
    'unsubscribed' as event, now() as occurred_at, now() as received_at, 'human' as verdict, true as is_certain;
