create table marts.sends as select message_key, plan_id, campaign, occurrence, subscriber_id, variant, mailbox_provider, state, reason, lost_to_campaign, lost_to_occurrence, tracked, planned_at, sent_at from dispatch.sends limit 0;
insert into marts.sends by name
select
    *,
    'a' as variant,
    'gmail' as mailbox_provider,
    timestamptz '2026-11-01 08:00:00Z' as planned_at
from (
    values
    ('m1', 'p1', 'c', 'o1', 'anna', 'accepted', timestamptz '2026-11-01 08:00:00Z'),
    ('m2', 'p1', 'c', 'o1', 'bob', 'accepted', timestamptz '2026-11-01 08:00:00Z')
) as t (message_key, plan_id, campaign, occurrence, subscriber_id, state, sent_at);
create temp table changed_messages as select unnest(['m1']) as message_key;
create temp table resent as select timestamptz '2026-11-01 08:00:00Z' as first_at;
create table build.message_outcomes as
select * from (
    values ('m1', timestamptz '2026-10-01 00:00:00Z'), ('m2', timestamptz '2026-01-01 00:00:00Z')
) as t (message_key, first_at);
