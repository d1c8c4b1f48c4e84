-- A shop with 400 people, 14 months of sign-ups and purchases, and four campaigns with their events, ending on 2026-11-24.
create or replace temp macro draw(key, salt) as (md5_number_lower(concat(key, ':', salt)) % 1000) / 1000.0;

create or replace temp table people as
select
    's' || lpad(n::varchar, 4, '0') as subscriber_id,
    timestamptz '2025-10-01 08:00:00Z' + to_seconds((draw(n, 'joined') * 36000000)::bigint) as signed_up_at,
    list_extract(['gmail', 'gmail', 'gmail', 'microsoft', 'microsoft', 'yahoo', 'apple', 'other'], 1 + (draw(n, 'box') * 8)::int % 8)
        as mailbox_provider,
    list_extract(['GB', 'DE', 'US', 'FR'], 1 + n::int % 4) as country,
    list_extract(['en-GB', 'de-DE', 'en-US', 'fr-FR'], 1 + n::int % 4) as locale,
    list_extract(['Europe/London', 'Europe/Berlin', 'America/New_York', null], 1 + n::int % 4) as timezone,
    draw(n, 'tracked') < 0.7 as tracking_consent
from range(400) as numbers (n);

insert into core.subscribers by name
select
    *,
    'key-' || subscriber_id as address_key,
    if(draw(subscriber_id, 'left') < 0.08, 'unsubscribed', 'subscribed') as status,
    'consent' as lawful_basis,
    signed_up_at as consented_at,
    'r1' as landed_run,
    greatest(signed_up_at, timestamptz '2026-09-01 00:00:00Z' + to_days((draw(subscriber_id, 'updated') * 60)::int)) as updated_at
from people;

insert into core.purchases by name
select
    'p' || row_number() over () as purchase_id,
    subscriber_id,
    signed_up_at + to_seconds((draw(subscriber_id || n, 'bought') * 34000000)::bigint) as purchased_at,
    case when draw(subscriber_id || n, 'refund') < 0.03 then -1 else 1 end * (5 + round(draw(subscriber_id || n, 'amount') * 80, 2)) as amount,
    if(country = 'FR', 'EUR', 'USD') as currency,
    1 as items,
    'r1' as landed_run
from people
cross join range(6) as numbers (n)
where draw(subscriber_id, 'buyer') > n / 6 and purchased_at < timestamptz '2026-11-24 06:00:00Z';

create or replace temp table runs as
from (values
    ('p1', 'newsletter', '2026-W43', 'newsletter_readers', timestamptz '2026-10-19 08:00:00Z', 0.9),
    ('p2', 'newsletter', '2026-W45', 'newsletter_readers', timestamptz '2026-11-02 08:00:00Z', 0.9),
    ('p3', 'newsletter', '2026-W47', 'newsletter_readers', timestamptz '2026-11-16 08:00:00Z', 0.9),
    ('p4', 'winback', '2026-11', 'lapsing_customers', timestamptz '2026-11-03 10:00:00Z', 0.5)
) as planned (plan_id, campaign, occurrence, segment, planned_at, share);

insert into dispatch.sends by name
select
    'm-' || plan_id || '-' || subscriber_id as message_key, plan_id, campaign, occurrence, subscriber_id,
    'key-' || subscriber_id as address_key, mailbox_provider, planned_at,
    if(campaign = 'winback' and draw(subscriber_id, 'arm') < 0.5, 'ten_percent', 'only') as variant,
    case
        when draw(subscriber_id, plan_id || 'state') < 0.06 then 'suppressed'
        when draw(subscriber_id, plan_id || 'state') < 0.10 then 'capped'
        when campaign = 'winback' and draw(subscriber_id, 'held') < 0.2 then 'held_out'
        else 'accepted'
    end as state,
    case state when 'suppressed' then 'unsubscribed_at_source' when 'capped' then 'frequency_cap' end as reason,
    if(state = 'capped', 'newsletter', null) as lost_to_campaign,
    if(state = 'capped', '2026-W45', null) as lost_to_occurrence,
    if(state = 'accepted', 0, null) as chunk,
    1 as attempt,
    if(state = 'accepted', tracking_consent, null) as tracked,
    if(state = 'accepted', planned_at + interval 2 minute, null) as sent_at
from people
cross join runs
where signed_up_at < planned_at and draw(subscriber_id, plan_id) < share;

insert into dispatch.plans by name
select
    plan_id, campaign, occurrence, segment, 'r1' as segment_run, 'done' as state, 'hash' as content_hash, planned_at,
    (select count(*) from dispatch.sends where sends.plan_id = runs.plan_id) as selected, 0.4 as cost_per_thousand
from runs;

create or replace temp table lives as
select
    *,
    draw(message_key, 'life') as life,
    sent_at + interval 5 minute as arrived_at,
    arrived_at + to_seconds((draw(message_key, 'delay') * 90000)::bigint) as opened_at
from dispatch.sends
where state = 'accepted';

create or replace temp table happened as
select message_key, 'delivered' as event, arrived_at as at, null as verdict, null as url, null as class, null as agent from lives where life > 0.03
union all
select message_key, 'bounced', arrived_at, null, null, if(life < 0.02, 'hard', 'soft'), null from lives where life <= 0.03
union all
select message_key, 'opened', opened_at, 'human', null, null, if(life > 0.8, 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6)', 'Mozilla/5.0 (Windows NT 10.0)')
from lives where life > 0.6 and tracked
union all
select message_key, 'opened', arrived_at, 'machine', null, null, 'Mozilla/5.0' from lives where life between 0.1 and 0.3 and tracked
union all
select message_key, 'clicked', opened_at + interval 3 minute, 'human',
    'https://shop.example.com/record?id=' || if(life > 0.9, 7, 8) || '&utm_campaign=' || campaign, null,
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6)'
from lives where life > 0.75 and tracked
union all
select message_key, 'clicked', arrived_at, 'machine', 'https://shop.example.com/record?id=7&utm_campaign=' || campaign, null, 'curl/8'
from lives where life between 0.1 and 0.2 and tracked
union all
select message_key, 'unsubscribed', opened_at + interval 4 minute, 'human', null, null, null from lives where life > 0.985
union all
select message_key, 'complained', opened_at + interval 4 minute, null, null, null, null from lives where life between 0.6 and 0.603;

insert into engagement.events by name
select
    md5(concat(happened.message_key, happened.event, happened.at, happened.verdict)) as dedup_key, happened.message_key,
    sends.subscriber_id, sends.campaign, sends.occurrence, happened.event, happened.at as occurred_at,
    happened.at + interval 9 second as received_at, happened.class as bounce_class,
    if(happened.class is null, null, 'Invalid Address') as bounce_classification,
    if(happened.class is null, null, '5.1.1') as smtp_status, happened.url, happened.agent as user_agent, happened.verdict,
    'f1' as spool_file
from happened
inner join dispatch.sends as sends on happened.message_key = sends.message_key;

insert into engagement.spool_files by name
select
    'f1' as name, now() as received_at, now() as loaded_at, count(*) as events, count(*) as new_events, 0 as duplicates,
    0 as quarantined
from engagement.events;

insert into quality.runs by name
select
    'r' || n as landed_run, 'subscribers' as relation, timestamptz '2026-11-20 02:00:00Z' + to_days(n::int) as validated_at,
    400 as raw_rows, 398 as valid_rows, 2 as quarantined_rows, 'accepted' as verdict
from range(3) as numbers (n);

insert into quality.results by name
select
    landed_run, relation, 'address_valid' as expectation, 'email' as column_name, 'critical' as severity, 400 as checked_rows,
    2 as unexpected_rows, false as success, validated_at as checked_at
from quality.runs;
