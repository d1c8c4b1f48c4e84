-- Schema marts as the contract states it, filled with a plausible quarter of a shop with 6,000 subscribers.
create or replace temp macro chance(key, salt) as (hash(key || salt) % 100000) / 100000.0;

create or replace temp table people as
select
    's' || lpad(n::varchar, 6, '0') as subscriber_id,
    list_extract(['gmail', 'gmail', 'gmail', 'gmail', 'outlook', 'outlook', 'yahoo', 'icloud', 'gmx', 'other'], 1 + (hash(n) % 10)::int) as mailbox_provider
from range(6000) as r (n);

create or replace temp table runs as
select * from (values
    ('p01', 'newsletter', '2026-W45', 'newsletter_readers', timestamptz '2026-11-02 08:00:00+00', 0.70),
    ('p02', 'newsletter', '2026-W46', 'newsletter_readers', timestamptz '2026-11-09 08:00:00+00', 0.71),
    ('p03', 'newsletter', '2026-W47', 'newsletter_readers', timestamptz '2026-11-16 08:00:00+00', 0.72),
    ('p04', 'newsletter', '2026-W48', 'newsletter_readers', timestamptz '2026-11-23 08:00:00+00', 0.72),
    ('p05', 'winback', '2026-11', 'lapsing_customers', timestamptz '2026-11-10 10:00:00+00', 0.30),
    ('p06', 'welcome', 'signup', 'new_subscribers', timestamptz '2026-11-23 09:00:00+00', 0.03)
) as t (plan_id, campaign, occurrence, segment, planned_at, share);

create schema if not exists marts;

create or replace table marts.sends as
with drawn as (
    select
        md5(plan_id || subscriber_id)::uuid::varchar as message_key, plan_id, campaign, occurrence, subscriber_id,
        case when campaign = 'winback' and chance(subscriber_id, 'v') < 0.5 then 'we_miss_you' when campaign = 'winback' then 'ten_percent' else 'only' end as variant,
        mailbox_provider, planned_at, chance(subscriber_id, plan_id || 'state') as drawn_state, chance(subscriber_id, plan_id || 'life') as life,
        chance(subscriber_id, plan_id || 'open') as drawn_open, chance(subscriber_id, plan_id || 'click') as drawn_click,
        chance(subscriber_id, 'tracked') < 0.7 as allows
    from people, runs
    where chance(subscriber_id, plan_id || 'in') < share
), decided as (
    select *,
        case
            when drawn_state < 0.06 then 'suppressed' when drawn_state < 0.08 then 'capped'
            when campaign = 'winback' and drawn_state < 0.18 then 'held_out' when drawn_state > 0.9995 then 'in_doubt'
            when drawn_state > 0.999 then 'rejected' else 'accepted'
        end as state,
        case mailbox_provider when 'gmx' then 0.055 when 'yahoo' then 0.025 else 0.008 end as hard
    from drawn
)
select
    message_key, plan_id, campaign, occurrence, subscriber_id, (md5_number(subscriber_id) & 65535)::usmallint as subscriber_bucket,
    variant, mailbox_provider, state,
    case state when 'suppressed' then 'unsubscribed' when 'capped' then 'frequency' when 'rejected' then '400' end as reason,
    case when state not in ('suppressed', 'capped', 'held_out') then allows end as tracked,
    planned_at,
    case when state = 'accepted' then planned_at + interval 5 minute end as sent_at,
    case when state = 'accepted' and life > hard + 0.01 then planned_at + interval 6 minute end as delivered_at,
    case when state = 'accepted' and life > hard + 0.01 and allows and drawn_open < 0.34 then planned_at + to_seconds((drawn_open * 400000)::bigint) end as first_human_open_at,
    case when state = 'accepted' and life > hard + 0.01 and allows and drawn_open < 0.34 and drawn_click < case variant when 'ten_percent' then 0.22 else 0.14 end then planned_at + to_seconds((drawn_open * 420000)::bigint) end as first_human_click_at,
    case when state = 'accepted' and life > 0.997 then planned_at + interval 3 hour end as unsubscribed_at,
    case when state = 'accepted' and life between 0.5 and 0.5006 then planned_at + interval 4 hour end as complained_at,
    case when state = 'accepted' and life <= hard + 0.01 then planned_at + interval 7 minute end as bounced_at,
    case when state = 'accepted' and life <= hard then 'hard' when state = 'accepted' and life <= hard + 0.01 then 'soft' end as bounce_class
from decided;

create or replace table marts.events as
select
    md5(message_key || event)::varchar as event_key, message_key, subscriber_id, campaign, occurrence, event, occurred_at,
    occurred_at + interval 20 second as received_at, bounce_class, null::varchar as bounce_classification,
    case bounce_class when 'hard' then '5.1.1' end as smtp_status,
    case event when 'clicked' then 'https://shop.example/autumn' end as url, verdict,
    case verdict when 'machine' then ['before_delivery', 'gateway_agent'] else []::varchar[] end as signals, verdict = 'human' as is_certain, 3 as rule_version
from (
    select *, 'delivered' as event, delivered_at as occurred_at, null::varchar as verdict from marts.sends where delivered_at is not null
    union all select *, 'opened', first_human_open_at, 'human' from marts.sends where first_human_open_at is not null
    union all select *, 'opened', delivered_at + interval 2 second, 'machine' from marts.sends where delivered_at is not null and chance(message_key, 'm') < 0.4
    union all select *, 'clicked', first_human_click_at, 'human' from marts.sends where first_human_click_at is not null
    union all select *, 'unsubscribed', unsubscribed_at, 'human' from marts.sends where unsubscribed_at is not null
    union all select *, 'complained', complained_at, null from marts.sends where complained_at is not null
    union all select *, 'bounced', bounced_at, null from marts.sends where bounced_at is not null
);

create or replace table marts.campaign_performance as
with people as (
    select
        plan_id, campaign, occurrence, segment, 'complete' as state, any_value(sends.planned_at) as planned_at,
        min(sent_at) as first_sent_at, max(sent_at) as last_sent_at, count(*) as selected,
        count(*) filter (where sends.state = 'accepted') as accepted, count(*) filter (where sends.state = 'rejected') as rejected,
        count(*) filter (where sends.state = 'suppressed') as suppressed, count(*) filter (where sends.state = 'capped') as capped,
        count(*) filter (where sends.state = 'held_out') as held_out, count(*) filter (where sends.state = 'in_doubt') as in_doubt,
        0::bigint as pending, 0::bigint as skipped, count(delivered_at) as delivered,
        count(delivered_at) filter (where tracked) as delivered_tracked,
        count(*) filter (where bounce_class = 'hard') as bounced_hard, count(*) filter (where bounce_class = 'soft') as bounced_soft,
        0::bigint as bounced_other, 0::bigint as dropped, 3::bigint as deferred,
        count(first_human_open_at) as human_opens, (count(first_human_open_at) * 0.8)::bigint as human_opens_lower,
        (count(first_human_open_at) * 1.3)::bigint as human_opens_upper, (count(first_human_open_at) * 1.4)::bigint as raw_openers,
        (count(delivered_at) * 0.75)::bigint as raw_opens,
        count(first_human_click_at) as human_clicks, (count(first_human_click_at) * 0.9)::bigint as human_clicks_lower,
        (count(first_human_click_at) * 1.1)::bigint as human_clicks_upper, (count(first_human_click_at) * 1.2)::bigint as raw_clickers, (count(first_human_click_at) * 1.6)::bigint as raw_clicks,
        count(unsubscribed_at) as unsubscribes, count(complained_at) as complaints
    from marts.sends inner join runs using (plan_id, campaign, occurrence)
    group by all
)
select *, delivered / nullif(accepted, 0) as delivery_rate, bounced_hard / nullif(accepted, 0) as hard_bounce_rate,
    human_opens / nullif(delivered_tracked, 0) as human_open_rate, human_clicks / nullif(delivered_tracked, 0) as human_click_rate,
    human_opens_lower / nullif(delivered_tracked, 0) as human_open_rate_lower, human_opens_upper / nullif(delivered_tracked, 0) as human_open_rate_upper,
    raw_openers / nullif(delivered_tracked, 0) as raw_open_rate, human_clicks_lower / nullif(delivered_tracked, 0) as human_click_rate_lower,
    human_clicks_upper / nullif(delivered_tracked, 0) as human_click_rate_upper, raw_clickers / nullif(delivered_tracked, 0) as raw_click_rate,
    unsubscribes / nullif(delivered, 0) as unsubscribe_rate, complaints / nullif(delivered, 0) as complaint_rate,
    accepted * 0.0009 as cost
from people;

create or replace table marts.arbitration as
select
    'p04' as plan_id, 'newsletter' as campaign, '2026-W48' as occurrence, timestamptz '2026-11-23 08:00:00+00' as planned_at,
    'outranked' as reason, 'welcome' as lost_to_campaign, 'signup' as lost_to_occurrence, 70 as people, 68 as got_it, 2 as did_not;

create or replace table marts.campaign_reasons as
select campaign, occurrence, state, coalesce(reason, '') as reason, count(*) as people from marts.sends where state <> 'accepted' group by all;

create or replace table marts.campaign_hours as
select campaign, occurrence, hour, count(*) filter (where what = 'sent') as sent, count(*) filter (where what = 'delivered') as delivered,
    count(*) filter (where what = 'opened') as human_opens, count(*) filter (where what = 'clicked') as human_clicks, count(*) filter (where what = 'unsubscribed') as unsubscribes
from (
    select campaign, occurrence, (epoch_ms(unnest([sent_at, delivered_at, first_human_open_at, first_human_click_at, unsubscribed_at])) - epoch_ms(planned_at)) // 3600000 as hour,
        unnest(['sent', 'delivered', 'opened', 'clicked', 'unsubscribed']) as what
    from marts.sends
)
where hour is not null group by all;

create or replace table marts.daily_engagement as
select occurred_at::date as day, campaign, event, verdict, count(*) as events, count(distinct subscriber_id) as people
from marts.events group by all;

create or replace table marts.mailbox_provider_health as
select *, delivered / nullif(accepted, 0) as delivery_rate, bounced_hard / nullif(accepted, 0) as hard_bounce_rate, complaints / nullif(delivered, 0) as complaint_rate,
    human_opens / nullif(delivered_tracked, 0) as human_open_rate, human_clicks / nullif(delivered_tracked, 0) as human_click_rate,
    human_opens_lower / nullif(delivered_tracked, 0) as human_open_rate_lower, human_opens_upper / nullif(delivered_tracked, 0) as human_open_rate_upper,
    raw_openers / nullif(delivered_tracked, 0) as raw_open_rate, human_clicks_lower / nullif(delivered_tracked, 0) as human_click_rate_lower,
    human_clicks_upper / nullif(delivered_tracked, 0) as human_click_rate_upper, raw_clickers / nullif(delivered_tracked, 0) as raw_click_rate
from (
    select campaign, occurrence, mailbox_provider, count(*) filter (where state = 'accepted') as accepted, count(delivered_at) as delivered,
        count(delivered_at) filter (where tracked) as delivered_tracked,
        count(*) filter (where bounce_class = 'hard') as bounced_hard, count(*) filter (where bounce_class = 'soft') as bounced_soft,
        0::bigint as dropped, 0::bigint as deferred, count(complained_at) as complaints, count(first_human_open_at) as human_opens,
        (count(first_human_open_at) * 0.8)::bigint as human_opens_lower, (count(first_human_open_at) * 1.3)::bigint as human_opens_upper,
        (count(first_human_open_at) * 1.4)::bigint as raw_openers, count(first_human_click_at) as human_clicks,
        count(first_human_click_at) as human_clicks_lower, count(first_human_click_at) as human_clicks_upper, count(first_human_click_at) as raw_clickers
    from marts.sends group by all
);

create or replace table marts.segment_sizes as
select 'r' || d as segment_run, timestamptz '2026-11-18 06:00:00+00' + to_days(d::int) as as_of, segment,
    (size * (1 + 0.01 * d * direction))::bigint as members, size * (1 + 0.01 * d * direction) / 6000.0 as share_of_list
from range(6) as r (d), (values
    ('newsletter_readers', 4300, 1), ('new_subscribers', 180, 2), ('active_customers', 1900, 1), ('loyal_customers', 620, 0),
    ('lapsing_customers', 1500, -1), ('lost_customers', 900, 1), ('big_spenders', 240, 0), ('dormant_readers', 700, -2)
) as s (segment, size, direction);

create or replace table marts.segment_changes as
select segment_run, segment, (members * 0.03)::bigint as entered, (members * 0.02)::bigint as left_segment, (members * 0.97)::bigint as stayed
from marts.segment_sizes where segment_run <> 'r0';

create or replace table marts.segment_overlap as
select a.segment, b.segment as other_segment, least(a.members, b.members) // if(a.segment = b.segment, 1, 3) as people
from marts.segment_sizes as a inner join marts.segment_sizes as b using (segment_run) where segment_run = 'r5';

create or replace table marts.segment_history as
select segment, 's' || lpad(n::varchar, 6, '0') as subscriber_id, 'r1' as entered_run, timestamptz '2026-11-19 06:00:00+00' as entered_at,
    if(n % 3 = 0, 'r4', null) as left_run, if(n % 3 = 0, timestamptz '2026-11-22 06:00:00+00', null) as left_at
from range(40) as r (n), (values ('newsletter_readers'), ('loyal_customers')) as s (segment)
where segment = 'newsletter_readers' or n % 5 < 3;

create or replace table marts.link_performance as
select campaign, occurrence, url, (people * 1.4)::bigint as human_clicks, (people * 0.3)::bigint as machine_clicks, people,
    timestamptz '2026-11-23 09:00:00+00' as first_click_at, timestamptz '2026-11-25 09:00:00+00' as last_click_at, share as share_of_clickers
from (
    select campaign, occurrence, url, share, (share * human_clicks)::bigint as people
    from marts.campaign_performance, (values ('https://shop.example/autumn', 0.71), ('https://shop.example/new', 0.38), ('https://shop.example/about', 0.04)) as l (url, share)
);

create or replace table marts.list_health as
select date '2026-10-26' + n::int as day, 5600 + n * 14 as subscribers, 5200 + n * 12 as subscribed, 260 + n as unsubscribed, 90::bigint as pending,
    50 + n as deleted, 5200 + n * 12 as consented, 240 + n as suppressed, 4950 + n * 11 as mailable, 3900 + n * 9 as tracking_consented,
    2100 + n * 7 as engaged_30d, 3300 + n * 5 as engaged_90d, 760 - n as dormant_180d
from range(30) as r (n);

create or replace table marts.lifecycle as
select subscriber_id, timestamptz '2026-11-23 06:00:00+00' as as_of,
    list_extract(['new', 'active', 'active', 'loyal', 'lapsing', 'lapsing', 'lost', 'prospect'], 1 + (hash(subscriber_id, 2) % 8)::int) as lifecycle_stage,
    (1 + hash(subscriber_id, 3) % 5)::int as recency_score, (1 + hash(subscriber_id, 4) % 5)::int as frequency_score,
    (1 + hash(subscriber_id, 5) % 5)::int as monetary_score, (hash(subscriber_id, 4) % 9)::bigint as purchases, (hash(subscriber_id, 4) % 9)::bigint as purchase_days,
    (hash(subscriber_id, 4) % 9 * 35.5)::double as revenue, 'EUR' as currency, (hash(subscriber_id, 4) % 9 = 8)::integer as unconverted, (hash(subscriber_id, 6) % 500)::bigint as days_since_purchase,
    list_extract(['engaged', 'quiet', 'dormant'], 1 + (hash(subscriber_id, 7) % 3)::int) as engagement_level
from people;

create or replace table marts.experiment_results as
select * exclude (looked),
    if(looked, lift - 0.03 * if(metric = 'revenue_14d', 40, 1), null) as always_valid_low, if(looked, lift + 0.03 * if(metric = 'revenue_14d', 40, 1), null) as always_valid_high,
    if(metric = 'revenue_14d' and status = 'final', lift * 0.9, null) as adjusted_lift, if(metric = 'revenue_14d' and status = 'final', p_value / 2, null) as adjusted_p_value,
    if(metric = 'revenue_14d' and status = 'final', confidence_low * 0.8, null) as adjusted_low, if(metric = 'revenue_14d' and status = 'final', confidence_high * 0.8, null) as adjusted_high,
    if(comparison = 'variants', 0.5, if(variant = 'treated', 0.9, 0.1)) as planned_share, 0.41 as sample_ratio_p_value,
    if(variant = 'ten_percent', 'winner', null) as sent_to_rest
from (select *, lift is not null as looked from (values
    ('winback', '2026-11', 'variants', 'human_click', 'we_miss_you', 'we_miss_you', 742, 729, 510, 251, 34, 0.492, 0.067, 510, 34, 0.067, null::double, 'final', null::double, null::double, null::double, null::double),
    ('winback', '2026-11', 'variants', 'human_click', 'ten_percent', 'we_miss_you', 730, 718, 502, 244, 51, 0.486, 0.102, 502, 51, 0.102, null, 'final', 0.035, 0.048, 0.0004, 0.069),
    ('winback', '2026-11', 'variants', 'human_open', 'we_miss_you', 'we_miss_you', 742, 729, 510, 251, 34, 0.492, 0.067, 510, 251, 0.492, null, 'final', null, null, null, null),
    ('winback', '2026-11', 'variants', 'human_open', 'ten_percent', 'we_miss_you', 730, 718, 502, 244, 51, 0.486, 0.102, 502, 244, 0.486, null, 'final', -0.006, 0.86, -0.067, 0.055),
    ('winback', '2026-11', 'hold_out', 'purchase_14d', 'held_out', 'held_out', null, null, null, null, null, null, null, 178, 7, 0.039, null, 'window_open', null, null, null, null),
    ('winback', '2026-11', 'hold_out', 'purchase_14d', 'treated', 'held_out', null, null, null, null, null, null, null, 1472, 88, 0.060, null, 'window_open', 0.021, null, null, null),
    ('winback', '2026-10', 'hold_out', 'purchase_14d', 'held_out', 'held_out', null, null, null, null, null, null, null, 178, 7, 0.039, null, 'final', null, null, null, null),
    ('winback', '2026-10', 'hold_out', 'purchase_14d', 'treated', 'held_out', null, null, null, null, null, null, null, 1472, 88, 0.060, null, 'final', 0.021, 0.27, -0.018, 0.043),
    ('winback', '2026-10', 'hold_out', 'revenue_14d', 'held_out', 'held_out', null, null, null, null, null, null, null, 178, null, null, 2.61, 'final', null, null, null, null),
    ('winback', '2026-10', 'hold_out', 'revenue_14d', 'treated', 'held_out', null, null, null, null, null, null, null, 1472, null, null, 3.95, 'final', 1.34, 0.21, -0.76, 3.44)
) as t (campaign, occurrence, comparison, metric, variant, baseline, accepted, delivered, delivered_tracked, human_opens, human_clicks, open_rate, click_rate,
    people, converted, conversion_rate, revenue_per_person, status, lift, p_value, confidence_low, confidence_high));

create or replace table marts.quality_runs as
select 'run-2026112' || n as landed_run, relation, timestamptz '2026-11-20 05:00:00+00' + to_days(n::int) as validated_at,
    6000 + n as raw_rows, 5900 + n as valid_rows, 100::bigint as quarantined_rows, 'accepted' as verdict, null::varchar as stop_reason, true as adds_up
from range(4) as r (n), (values ('subscribers'), ('purchases')) as s (relation);

create or replace table marts.quality_results as
select 'run-20261120' as landed_run, 'subscribers' as relation, 'null_share_drift' as rule, 'country' as about, 'warning' as severity,
    timestamptz '2026-11-20 05:00:00+00' as checked_at, 1::bigint as checked_rows, 1::bigint as unexpected_rows, false as holds,
    0.34 as observed, 0.0 as lower_bound, 0.08 as upper_bound, '34 % of subscribers have no country; in the last 28 runs it was 2 to 4 %' as finding;

create or replace table marts.reconciliation as
select 'selected_is_the_sum_of_states' as check_name, campaign || ' ' || occurrence as scope, 'selected' as left_side, selected::double as left_value,
    'accepted + rejected + suppressed + capped + held_out + in_doubt + pending + skipped' as right_side, selected::double as right_value,
    0.0::double as difference, true as holds, true as must_hold
from marts.campaign_performance
union all
select 'delivered_against_sendgrid', campaign || ' ' || occurrence, 'our delivered', delivered::double, 'SendGrid delivered', delivered + 2.0, -2.0, false, false
from marts.campaign_performance where occurrence = '2026-W48'
union all
select 'membership_counted', 'asset_triggered__2026-11-24T20:53:17.123456+00:00_Ab3dE6gH newsletter_readers', 'rows of segment.membership', 9.0,
    'rows of segment.sizes', 9.0, 0.0, true, true;

create or replace table marts.journeys as
select 'welcome_series' as journey, 'First steps' as title, 'abc123' as version, true as is_current, 'active' as state, 12::bigint as entered, 5::bigint as inside,
    4::bigint as finished, 2::bigint as goal, 1::bigint as left_early, 0::bigint as cancelled,
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text y="9">5 here</text></svg>' as picture;

create or replace table marts.journey_entries as
select 'e' || n as entry_id, 'welcome_series' as journey, 'abc123' as version, 's' || lpad(n::varchar, 6, '0') as subscriber_id, 'inside' as state, null::varchar as reason,
    'settle_in' as next_step, timestamptz '2026-11-20 05:00:00+00' as triggered_at, timestamptz '2026-11-20 05:01:00+00' as entered_at, timestamptz '2026-11-22 09:00:00+00' as due_at
from range(5) as r (n);

create or replace table marts.journey_steps as
select entry_id, journey, version, subscriber_id, 'hello' as step, 'planned' as outcome, entered_at as passed_at, 'p06' as plan_id, entry_id as message_key
from marts.journey_entries;

create or replace table marts.journey_performance as
select 'welcome_series' as journey, 'hello' as step, 1::bigint as plans, timestamptz '2026-11-20 05:01:00+00' as first_planned_at, timestamptz '2026-11-20 05:01:00+00' as last_planned_at,
    5::bigint as selected, 5::bigint as accepted, 0::bigint as rejected, 0::bigint as suppressed, 0::bigint as capped, 0::bigint as in_doubt, 0::bigint as pending,
    0::bigint as skipped, 5::bigint as delivered, 4::bigint as delivered_tracked, 2::bigint as human_opens, 1::bigint as human_opens_lower, 3::bigint as human_opens_upper,
    3::bigint as raw_openers, 1::bigint as human_clicks, 1::bigint as human_clicks_lower, 1::bigint as human_clicks_upper, 2::bigint as raw_clickers, 0::bigint as unsubscribes, 0::bigint as complaints;

drop table people;
drop table runs;

create or replace table marts.decisions as
select timestamptz '2026-11-20 09:12:00+00' as decided_at, 'anna' as decided_by, 'replace_content' as action, null::varchar as journey,
    'winback' as campaign, '2026-11' as occurrence, 'a wrong <b>price</b>' as note
union all
select timestamptz '2026-11-21 09:00:00+00', 'jonas', 'pause', 'welcome_series', null, null, '';

create or replace table marts.global_hold_out as
select 'autumn' as hold_out, date '2026-10-01' as first_day, date '2026-12-31' as last_day, 10.0::double as percent, metric, 'window_open' as status,
    5300::bigint as people_mailed, 590::bigint as people_held_out, mailed as mean_mailed, held_out as mean_held_out, mailed - held_out as lift,
    null::double as p_value, null::double as confidence_low, null::double as confidence_high, low as always_valid_low, high as always_valid_high,
    null::double as adjusted_lift, null::double as adjusted_p_value, null::double as adjusted_low, null::double as adjusted_high, 0.8::double as sample_ratio_p_value
from (values ('buyers', 0.081::double, 0.066::double, -0.004::double, 0.034::double), ('revenue', 7.4, 5.1, 0.2, 4.4)) as t (metric, mailed, held_out, low, high);

create or replace table marts.verdict_quality as
select 3 as rule_version, event, class, timestamptz '2026-11-24 02:00:00+00' as measured_at, 900::bigint as true_positives,
    9::bigint as false_positives, 800::bigint as true_negatives, 7::bigint as false_negatives, 0.99::double as precision, 0.992::double as recall,
    400::bigint as messages_classified, 398::bigint as messages_of_class, 0.974::double as precision_low, 0.996::double as precision_high,
    0.977::double as recall_low, 0.997::double as recall_high
from (values ('clicked', 'human'), ('clicked', 'machine'), ('opened', 'human'), ('opened', 'machine')) as t (event, class);

create or replace table marts.verdict_changes as
select 2 as from_version, 3 as to_version, timestamptz '2026-11-24 02:00:00+00' as changed_at, 'newsletter' as campaign, '2026-W47' as occurrence,
    'opened' as event, verdict_before, verdict_after, events, events as messages
from (values ('human', 'machine', 41::bigint), ('human', 'human', 900), ('machine', 'machine', 700)) as t (verdict_before, verdict_after, events);

create or replace table marts.delivery_reconciliation as
select 'newsletter' as campaign, date '2026-11-23' as day, 3800::bigint as accepted, 3700::bigint as delivered, 100::bigint as difference,
    60::bigint as bounced, 3::bigint as suppressed_by_sendgrid, 7::bigint as deferred, 30::bigint as in_flight, 0::bigint as unknown, true as holds, false as is_over_limit;

create or replace table marts.provider_reconciliation as
select 'newsletter' as campaign, date '2026-11-23' as day, measure, sendgrid, events, sendgrid - events as difference, 3::bigint as test_sends,
    0::bigint as late_events, 0::bigint as totals_lag, sendgrid - events - 3 as unknown, unknown = 0 as holds, unknown > 3 as is_over_limit,
    timestamptz '2026-11-24 01:00:00+00' as fetched_at
from (values ('requests', 3803::bigint, 3800::bigint), ('delivered', 3710, 3700)) as t (measure, sendgrid, events);
create or replace table marts.audit_checks as
select 'scheduled__' || month as run_id, timestamptz '2026-09-01 05:00:00+00' + to_months(month::integer) as checked_at, check_name, verdict,
    case when month > 0 then 'pass' end as previous_verdict, '{"domains": 1, "<b>policy</b>": "none"}'::json as evidence, 'Set the policy of "shop" & more.' as advice
from range(2) as r (month), (values ('dmarc', 'fail'), ('one_click', 'unknown'), ('addresses', 'pass'), ('bimi', 'warn')) as t (check_name, verdict);

create or replace table marts.simulated_past (first_day date, last_day date);
