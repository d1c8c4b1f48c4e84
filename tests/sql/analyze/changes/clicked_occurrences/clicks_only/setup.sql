create temp table differing_events as
select * from (
    values
    ('e1', 'm1', 'anna', 'c', 'o1', 'clicked', timestamptz '2026-11-01 23:59:59Z', null, 'human'),
    ('e1', 'm1', 'anna', 'c', 'o1', 'clicked', timestamptz '2026-11-01 23:59:59Z', null, 'machine'),
    ('e2', 'm2', 'bob', 'c', 'o2', 'bounced', timestamptz '2026-11-03 00:00:00Z', null, ''),
    ('e3', 'm3', 'cleo', 'c', 'o3', 'opened', timestamptz '2026-11-04 00:00:00Z', null, 'human')
) as t (event_key, message_key, subscriber_id, campaign, occurrence, event, occurred_at, url, verdict);
