create table marts.sends as select message_key, plan_id, campaign, occurrence, subscriber_id, variant, mailbox_provider, state, reason, lost_to_campaign, lost_to_occurrence, tracked, planned_at, sent_at from dispatch.sends limit 0;
insert into marts.sends by name
select
    *,
    'a' as variant,
    'gmail' as mailbox_provider,
    timestamptz '2026-11-01 08:00:00Z' as planned_at
from (
    values
    ('gone', 'p1', 'c', 'o1', 'anna', 'accepted', timestamptz '2026-11-05 08:00:00Z'),
    ('unchanged', 'p1', 'c', 'o1', 'anna', 'accepted', timestamptz '2026-11-05 08:00:00Z')
) as t (message_key, plan_id, campaign, occurrence, subscriber_id, state, sent_at);
create temp table changed_messages as select unnest(['m1', 'gone']) as message_key;
create temp table resent as
select 'anna' as subscriber_id, timestamptz '2026-11-01 08:00:00Z' as first_at, timestamptz '2026-11-01 08:00:00Z' as last_at;
