create table marts.sends as select message_key, plan_id, campaign, occurrence, subscriber_id, variant, mailbox_provider, state, reason, lost_to_campaign, lost_to_occurrence, tracked, planned_at, sent_at from dispatch.sends limit 0;
insert into marts.sends by name
select
    *,
    'a' as variant,
    'gmail' as mailbox_provider,
    timestamptz '2026-11-01 08:00:00Z' as planned_at
from (
    values
    ('m1', 'p1', 'c', 'o1', 'anna', 'pending', timestamptz '2026-11-01 08:00:00Z'),
    ('m3', 'p1', 'c', 'o1', 'bob', 'accepted', timestamptz '2026-11-01 08:00:00Z'),
    ('m4', 'p1', 'c', 'o1', 'cleo', 'accepted', timestamptz '2026-11-01 08:00:00Z')
) as t (message_key, plan_id, campaign, occurrence, subscriber_id, state, sent_at);
create temp table changed_messages as select unnest(['m1', 'm2', 'm3', 'm4']) as message_key;
