create temp table differing_events as
select t.* from (
    values
    ('e1', 'm1', 'anna', 'c', 'o1', 'clicked', timestamptz '2026-11-01 23:59:59Z', null, 'human'),
    ('e3', 'm3', 'carl', 'c', 'o1', 'clicked', timestamptz '2026-11-01 23:59:59Z', null, 'human'),
    ('e4', 'm4', 'emil', 'c', 'o1', 'clicked', timestamptz '2026-11-01 23:59:59Z', null, 'human'),
    ('e2', 'm2', 'bob', 'c', 'o2', 'bounced', timestamptz '2026-11-03 00:00:00Z', null, '')
) as t (event_key, message_key, subscriber_id, campaign, occurrence, event, occurred_at, url, verdict);
create temp table differing_purchases as
select t.* from (
    values
    ('dora', timestamptz '2026-11-10 00:00:00Z', 1, 'EUR', 1)
) as t (subscriber_id, purchased_at, amount, currency, revenue);
