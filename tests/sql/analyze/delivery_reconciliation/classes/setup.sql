create table build.message_outcomes as
select
    t.message_key,
    case when kind in ('delivered', 'both') then timestamptz '2026-11-21 00:00:00Z' end as delivered_at,
    case when kind in ('bounced', 'both') then timestamptz '2026-11-21 00:01:00Z' end as bounced_at,
    kind = 'dropped' as was_dropped,
    kind = 'deferred' as was_deferred
from (
    values
    ('delivered', 'delivered'), ('late_bounce', 'both'), ('bounced', 'bounced'), ('dropped', 'dropped'),
    ('deferred_too_long', 'deferred'), ('n1', 'deferred')
) as t (message_key, kind);
create view marts.sends as
select
    sends.*,
    outcomes.delivered_at,
    outcomes.bounced_at
from dispatch.sends
left join build.message_outcomes as outcomes using (message_key);
