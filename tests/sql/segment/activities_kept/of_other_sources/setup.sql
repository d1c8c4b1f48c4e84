create temp table activities_by_person (
    number ubigint,
    last_activity_at timestamptz,
    activities_7d integer,
    activities_30d integer
);
insert into activities_by_person values (1, '2026-11-24 00:00:00Z', 3, 7);
create temp table facts_before as
from (
    values
    (1, true, '2026-11-20 00:00:00Z'::timestamptz, 2, 6),
    (2, false, '2026-11-21 00:00:00Z'::timestamptz, 4, 5)
) as facts (number, has_activities, last_activity_at, activities_7d, activities_30d);
