create temp table fact_changes as
select
    unnest(['ann', 'bob', 'dan']) as subscriber_id,
    unnest([true, true, false]) as has_activities;
