create temp table purchases_by_person (
    number ubigint,
    first_purchased_at timestamptz,
    last_purchased_at timestamptz,
    purchases integer,
    purchase_days integer,
    revenue decimal(18, 2),
    unconverted integer
);
insert into purchases_by_person values (1, null, '2026-11-24 00:00:00Z', 9, 8, 90, 0);
create temp table facts_before as
from (
    values
    (1, true, '2026-11-01 00:00:00Z'::timestamptz, '2026-11-20 00:00:00Z'::timestamptz, 4, 3, 40.5, 1),
    (2, false, '2026-11-02 00:00:00Z'::timestamptz, '2026-11-21 00:00:00Z'::timestamptz, 5, 2, 50.5, 6)
) as facts (
    number, has_purchases, first_purchased_at, last_purchased_at, purchases, purchase_days, revenue, unconverted
);
