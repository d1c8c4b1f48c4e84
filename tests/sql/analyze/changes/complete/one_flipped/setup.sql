create table marts.sends as select 1 as message_key limit 0;
create table marts.events as
select 'bounced' as event, null::varchar as verdict, 'hard' as bounce_class, 'webhook' as source, timestamptz '2026-11-02 08:00:00Z' as occurred_at;
