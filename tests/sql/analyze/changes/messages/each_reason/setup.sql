create table marts.sends as select message_key, plan_id, campaign, occurrence, subscriber_id, variant, mailbox_provider, state, reason, lost_to_campaign, lost_to_occurrence, tracked, planned_at, sent_at from dispatch.sends limit 0;
insert into marts.sends by name
select
    *,
    'a' as variant,
    'gmail' as mailbox_provider,
    timestamptz '2026-11-01 08:00:00Z' as planned_at
from (
    values
    ('other_state', 'p1', 'c', 'o1', 'anna', 'pending', timestamptz '2026-11-01 08:00:00Z'),
    ('same', 'p1', 'c', 'o1', 'bob', 'accepted', timestamptz '2026-11-01 08:00:00Z'),
    ('left_plan', 'p1', 'c', 'o1', 'cleo', 'accepted', timestamptz '2026-11-01 08:00:00Z'),
    ('moved', 'p2', 'c', 'o2', 'dora', 'accepted', timestamptz '2026-11-01 08:00:00Z'),
    ('kept', 'p2', 'c', 'o2', 'eve', 'accepted', timestamptz '2026-11-01 08:00:00Z')
) as t (message_key, plan_id, campaign, occurrence, subscriber_id, state, sent_at);
create table build.public_links as select 'https://a/?x=1' as url, 'https://a/?x=1' as public_url;
create temp table links_before as select 'https://a/?x=1' as url, 'https://a/?x=-' as public_url;
create table marts.subscribers as
select * from (values ('dora', now(), 'Asia/Tokyo'), ('eve', null, 'UTC')) as p (subscriber_id, joined_at, timezone);
create temp table people_before as
select subscriber_id, joined_at, 'UTC' as timezone from marts.subscribers;
