-- Ann and Bob share one hash.
create or replace macro id_hash(id) as if(id in ('ann', 'bob'), 7, 1000)::ubigint;
create temp table fact_changes as
from (
    values ('ann', true, false, true), ('dan', false, true, false), ('new', true, true, true)
) as changes (subscriber_id, has_purchases, has_activities, has_events);
