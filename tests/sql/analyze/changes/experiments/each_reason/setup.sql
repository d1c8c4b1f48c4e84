create temp table changed_plans as select 'recorded' as plan_id;
create temp table differing_purchases as
select * from (
    values
    ('dora', timestamptz '2026-11-10 00:00:00Z', 1, 'EUR', 1)
) as t (subscriber_id, purchased_at, amount, currency, revenue);
create table build.purchase_outcomes as
select * from (values ('c', 'o2', 'window_open'), ('c', 'o4', 'final')) as t (campaign, occurrence, status);
