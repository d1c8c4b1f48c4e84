create temp table messages_before as
select * from (
    values
    ('m1', 'c', 'o1', 'anna', 'accepted', timestamptz '2026-11-01 08:00:00Z', timestamptz '2026-11-01 09:00:00Z', null::timestamptz, null::timestamptz),
    ('m2', 'c', 'o2', 'bob', 'accepted', timestamptz '2026-11-01 08:00:00Z', timestamptz '2026-11-01 09:00:00Z', timestamptz '2026-11-02 09:00:00Z', null::timestamptz)
) as t (message_key, campaign, occurrence, subscriber_id, state, sent_at, delivered_at, first_human_open_at, first_human_click_at);
create temp table messages_after as
select * from (
    values
    ('m1', 'c', 'o1', 'anna', 'accepted', timestamptz '2026-11-01 08:00:00Z', timestamptz '2026-11-01 09:00:00Z', timestamptz '2026-11-02 09:00:00Z', null::timestamptz),
    ('m2', 'c', 'o2', 'bob', 'accepted', timestamptz '2026-11-01 08:00:00Z', timestamptz '2026-11-01 09:00:00Z', timestamptz '2026-11-02 09:00:00Z', null::timestamptz)
) as t (message_key, campaign, occurrence, subscriber_id, state, sent_at, delivered_at, first_human_open_at, first_human_click_at);
