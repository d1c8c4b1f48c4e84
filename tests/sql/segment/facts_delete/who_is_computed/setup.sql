create temp table fact_changes as select unnest(['ann', 'bob']) as subscriber_id;
