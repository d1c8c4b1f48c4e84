create temp table purchases_now as
select t.* from (
    values
    ('anna', timestamptz '2026-11-01 12:00:00Z', 1, 'EUR', 1, null, false),
    ('bob', timestamptz '2026-11-01 12:00:00Z', 1, 'EUR', 1, 2, false),
    ('anna', timestamptz '2026-11-02 12:00:00Z', 1, 'EUR', 1, null, false),
    ('anna', timestamptz '2026-11-03 12:00:00Z', 1, 'EUR', 1, 1, false),
    ('anna', timestamptz '2026-11-04 12:00:00Z', 1, 'EUR', 2, null, false),
    ('anna', timestamptz '2026-11-06 12:00:00Z', 1, 'EUR', 1, null, false),
    ('anna', timestamptz '2026-11-06 12:00:00Z', 1, 'EUR', 1, null, false)
) as t (subscriber_id, purchased_at, amount, currency, revenue, items, is_refund);
create table marts.purchases as
select t.* from (
    values
    ('bob', timestamptz '2026-11-01 12:00:00Z', 1, 'EUR', 1, 2, false),
    ('anna', timestamptz '2026-11-01 12:00:00Z', 1, 'EUR', 1, null, false),
    ('anna', timestamptz '2026-11-03 12:00:00Z', 1, 'EUR', 1, 2, false),
    ('anna', timestamptz '2026-11-04 12:00:00Z', 1, 'EUR', 1, null, false),
    ('anna', timestamptz '2026-11-05 12:00:00Z', 1, 'EUR', 1, null, false),
    ('anna', timestamptz '2026-11-06 12:00:00Z', 1, 'EUR', 1, null, false)
) as t (subscriber_id, purchased_at, amount, currency, revenue, items, is_refund);
