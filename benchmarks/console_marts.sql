-- Marts as a published file has them after a year: $sends messages to a tenth as many people, a campaign on every day.
create schema marts;

create table marts.sends as
select
    md5(n::varchar) as message_key, 'p' || (n // 27400) as plan_id, 'daily_' || (n // 27400) as campaign,
    (date '2026-11-28' - (n // 27400 % 365)::integer)::varchar as occurrence,
    's' || lpad((hash(n) % ($sends / 10)::bigint)::varchar, 8, '0') as subscriber_id,
    (md5_number(subscriber_id) & 65535)::usmallint as subscriber_bucket, 'only' as variant, 'gmail' as mailbox_provider,
    'accepted' as state, null::varchar as reason, true as tracked,
    timestamptz '2025-11-29 08:00:00Z' + to_hours((24 * (n // 27400))::integer) as planned_at, planned_at as sent_at,
    planned_at + interval 5 minute as delivered_at, if(n % 3 = 0, planned_at + interval 1 hour, null) as first_human_open_at,
    if(n % 20 = 0, planned_at + interval 1 hour, null) as first_human_click_at, null::timestamptz as unsubscribed_at,
    null::timestamptz as complained_at, null::timestamptz as bounced_at, null::varchar as bounce_class
from range($sends) as r (n);

create table marts.lifecycle as
select
    's' || lpad(n::varchar, 8, '0') as subscriber_id, timestamptz '2026-11-28 06:00:00Z' as as_of, 'active' as lifecycle_stage,
    'engaged' as engagement_level, 3 as purchases, 12.5::double as revenue, 'EUR' as currency, 4 as days_since_purchase
from range(($sends / 10)::bigint) as r (n);

create table marts.segment_history as
select
    'segment_' || s as segment, 's' || lpad(n::varchar, 8, '0') as subscriber_id, 'r1' as entered_run,
    timestamptz '2026-01-01 06:00:00Z' as entered_at, null::varchar as left_run, null::timestamptz as left_at
from range(($sends / 10)::bigint) as r (n), range(4) as t (s)
where (hash(n) + s) % 2 = 0
order by segment, entered_at, subscriber_id;

create table marts.campaign_performance as
select
    'p' || n as plan_id, 'daily_' || n as campaign, '2026-11-28' as occurrence, 'everybody' as segment, 'done' as state,
    timestamptz '2025-11-29 08:00:00Z' + to_hours((24 * n)::integer) as planned_at, 30000::bigint as selected, 27400::bigint as accepted,
    0::bigint as rejected, 2600::bigint as suppressed, 0::bigint as capped, 0::bigint as held_out, 0::bigint as in_doubt,
    0::bigint as pending, 0::bigint as skipped, 27000::bigint as delivered, 20000::bigint as delivered_tracked, 90::bigint as bounced_hard,
    30::bigint as bounced_soft, 0::bigint as bounced_other, 0::bigint as dropped, 9::bigint as deferred, 7000::bigint as human_opens,
    19000::bigint as raw_opens, 900::bigint as human_clicks, 1500::bigint as raw_clicks, 40::bigint as unsubscribes, 4::bigint as complaints,
    0.985 as delivery_rate, 0.003 as hard_bounce_rate, 0.35 as human_open_rate, 0.045 as human_click_rate, 0.0015 as unsubscribe_rate,
    0.00015 as complaint_rate, 24.66 as cost
from range(365) as r (n);

create table marts.mailbox_provider_health as
select
    campaign, occurrence, provider as mailbox_provider, accepted // 8 as accepted, delivered // 8 as delivered,
    delivered_tracked // 8 as delivered_tracked, bounced_hard // 8 as bounced_hard, bounced_soft // 8 as bounced_soft, 0::bigint as dropped,
    1::bigint as deferred, 0::bigint as complaints, human_opens // 8 as human_opens, delivery_rate, hard_bounce_rate, complaint_rate
from marts.campaign_performance, unnest(['gmail', 'yahoo', 'microsoft', 'apple', 'gmx', 'orange', 'mailru', 'other']) as t (provider);

create table marts.daily_engagement as
select (date '2026-11-28' - n::integer) as day, 'daily_' || n as campaign, event, 'human' as verdict, 900::bigint as events, 800::bigint as people
from range(365) as r (n), unnest(['delivered', 'opened', 'clicked', 'unsubscribed', 'complained']) as t (event);

create table marts.campaign_hours as
select campaign, occurrence, hour, 80::bigint as sent, 80::bigint as delivered, 20::bigint as human_opens, 3::bigint as human_clicks, 0::bigint as unsubscribes
from marts.campaign_performance, range(337) as r (hour);

create table marts.campaign_reasons as
select campaign, occurrence, 'suppressed' as state, reason, 650::bigint as people
from marts.campaign_performance, unnest(['unsubscribed', 'hard_bounce', 'no_consent', 'spam_complaint']) as t (reason);

create table marts.link_performance as
select campaign, occurrence, 'https://shop.example/' || n as url, 40::bigint as human_clicks, 9::bigint as machine_clicks, 30::bigint as people, 0.03 as share_of_clickers
from marts.campaign_performance, range(30) as r (n);

create table marts.experiment_results as
select
    campaign, occurrence, 'variants' as comparison, metric, variant, 'a' as baseline, 9000::bigint as people, 900::bigint as converted, 0.1 as conversion_rate,
    null::double as revenue_per_person, 'final' as status, null::varchar as sent_to_rest, if(variant = 'b', 0.01, null) as lift, null::double as adjusted_lift,
    if(variant = 'b', 0.001, null) as confidence_low, if(variant = 'b', 0.02, null) as confidence_high, null::double as always_valid_low,
    null::double as always_valid_high, null::double as adjusted_low, null::double as adjusted_high
from marts.campaign_performance, unnest(['human_open', 'human_click']) as m (metric), unnest(['a', 'b']) as v (variant);

create table marts.arbitration as
select
    campaign, occurrence, planned_at, 'outranked' as reason, 'welcome' as lost_to_campaign, 'once' as lost_to_occurrence, 7::bigint as people, 6::bigint as got_it,
    1::bigint as did_not
from marts.campaign_performance;

create table marts.segment_sizes as
select
    'r' || n as segment_run, timestamptz '2025-11-29 06:00:00Z' + to_hours(n::integer) as as_of, 'segment_' || s as segment, 1000 + n as members,
    0.1 as share_of_list
from range(8760) as r (n), range(24) as t (s);

create table marts.segment_changes as
select segment_run, segment, 12::bigint as entered, 11::bigint as left_segment, 988::bigint as stayed
from marts.segment_sizes;

create table marts.segment_overlap as
select 'segment_' || a as segment, 'segment_' || b as other_segment, if(a = b, 1000, 300)::bigint as people
from range(24) as r (a), range(24) as t (b);

create table marts.list_health as
select (date '2026-11-28' - n::integer) as day, 1000000::bigint as subscribers, 900000::bigint as mailable
from range(365) as r (n);

create table marts.quality_runs as
select
    'run-' || n as landed_run, relation, timestamptz '2025-11-29 05:00:00Z' + to_hours(n::integer) as validated_at, 6000::bigint as raw_rows,
    5900::bigint as valid_rows, 100::bigint as quarantined_rows, 'accepted' as verdict, null::varchar as stop_reason, true as adds_up
from range(8760) as r (n), unnest(['subscribers', 'purchases', 'activities']) as t (relation);

create table marts.quality_results as
select
    landed_run, relation, 'rule_' || n as rule, 'country' as about, 'warning' as severity, validated_at as checked_at, 6000::bigint as checked_rows,
    n::bigint as unexpected_rows, n <> 7 as holds, 0.3 as observed, 0.0 as lower_bound, 0.1 as upper_bound, 'a finding' as finding
from marts.quality_runs, range(40) as r (n);

create table marts.reconciliation as
select
    'check_' || n % 20 as check_name, 'daily_' || n as scope, 'ours' as left_side, 10.0::double as left_value, 'theirs' as right_side,
    if(n % 99 = 0, 12.0, 10.0)::double as right_value, if(n % 99 = 0, -2.0, 0.0)::double as difference, n % 99 <> 0 as holds, false as must_hold
from range(4000) as r (n);

create table marts.journeys as
select
    'journey_' || n as journey, 'Journey' as title, 'v' as version, true as is_current, 'active' as state, 900::bigint as entered, 90::bigint as inside,
    700::bigint as finished, 60::bigint as goal, 50::bigint as left_early, 0::bigint as cancelled, '<svg/>' as picture
from range(12) as r (n);

create table marts.journey_performance as
select
    journey, 'step_' || n as step, 400::bigint as plans, 900::bigint as accepted, 0::bigint as in_doubt, 0::bigint as pending, 890::bigint as delivered,
    800::bigint as delivered_tracked, 300::bigint as human_opens, 40::bigint as human_clicks, 2::bigint as unsubscribes, 0::bigint as complaints
from marts.journeys, range(6) as r (n);

create table marts.journey_entries as
select
    'journey_' || (n % 12) as journey, 's' || lpad(n::varchar, 8, '0') as subscriber_id, 'inside' as state, null::varchar as reason, 'step_1' as next_step,
    timestamptz '2026-11-20 05:00:00Z' as entered_at, timestamptz '2026-11-22 05:00:00Z' as due_at
from range(($sends / 10)::bigint) as r (n);
