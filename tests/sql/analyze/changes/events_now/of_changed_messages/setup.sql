create temp table shop as
select * from (
    values
    ('e1', 'm1', 'anna', 'c', 'o1', 'clicked', timestamptz '2026-11-01 23:59:59Z', null, 'human'),
    ('e2', 'm2', 'bob', 'c', 'o2', 'bounced', timestamptz '2026-11-03 00:00:00Z', null, '')
) as t (event_key, message_key, subscriber_id, campaign, occurrence, event, occurred_at, url, verdict);
create table marts.events as from shop;
create temp table changed_messages as select unnest(['m1']) as message_key;
