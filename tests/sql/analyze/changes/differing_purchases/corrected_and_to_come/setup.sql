create temp table changed_purchase_days as select date '2026-11-01' as day;
create temp table purchases_before as
select t.* from (
    values
    ('anna', timestamptz '2026-11-01 00:00:00Z', 1, 'EUR', 1),
    ('cleo', timestamptz '2026-11-01 00:00:00Z', 5, 'EUR', 5)
) as t (subscriber_id, purchased_at, amount, currency, revenue);
create table marts.purchases as
select t.* from (
    values
    ('anna', timestamptz '2026-11-01 00:00:00Z', 2, 'EUR', 2),
    ('cleo', timestamptz '2026-11-01 00:00:00Z', 5, 'EUR', 5),
    ('bob', timestamptz '2026-11-09 00:00:00Z', 9, 'EUR', 9),
    ('dora', timestamptz '2026-11-20 00:00:00Z', 7, 'EUR', 7)
) as t (subscriber_id, purchased_at, amount, currency, revenue);
