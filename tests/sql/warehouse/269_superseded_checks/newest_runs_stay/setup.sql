-- 61 runs of one source and 60 of another, an hour apart, and 61 checks of a stage
insert into quality.runs by name
select
    source || ' ' || hour as landed_run, 'subscribers' as relation, source,
    timestamptz '2026-01-01 00:00:00Z' + to_hours(hour::integer) as validated_at,
    9 as raw_rows, 9 as valid_rows, 0 as quarantined_rows, 'accepted' as verdict
from range(61) as hours (hour), (values ('shop'), ('crm')) as sources (source)
where source = 'shop' or hour > 0;
insert into quality.results by name
select
    'stage ' || hour as landed_run, 'events' as relation, 'rule' as expectation, '' as column_name, 'warning' as severity,
    1 as checked_rows, 0 as unexpected_rows, true as success,
    timestamptz '2026-01-01 00:00:00Z' + to_hours(hour::integer) as checked_at
from range(61) as hours (hour);
insert into quality.results by name
select
    'shop ' || hour as landed_run, 'subscribers' as relation, 'rule' as expectation, '' as column_name,
    'warning' as severity, 1 as checked_rows, 0 as unexpected_rows, true as success,
    timestamptz '2026-01-01 00:00:00Z' + to_hours(hour::integer) as checked_at
from range(61) as hours (hour);
