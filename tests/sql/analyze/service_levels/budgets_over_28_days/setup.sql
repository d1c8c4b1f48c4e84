create temp table objective_rows as
select 'event_lag' as objective, 'Events are quick' as title, 0.99::double as target;
