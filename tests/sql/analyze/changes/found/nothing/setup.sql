create table marts.sends as select message_key, plan_id, campaign, occurrence, subscriber_id, variant, mailbox_provider, state, reason, lost_to_campaign, lost_to_occurrence, tracked, planned_at, sent_at from dispatch.sends limit 0;
create temp table changed_messages as select unnest([]::varchar[]) as message_key;
create temp table resent as select now() as first_at limit 0;
create table build.message_outcomes as select 'm' as message_key, now() as first_at limit 0;
