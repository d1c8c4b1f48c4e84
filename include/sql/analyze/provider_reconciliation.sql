-- name: provider_reconciliation
-- owner: analytics
-- grain: one row per campaign, day (UTC) and measure
-- params: as_of, since, late_hours, lag_minutes, delivery_limit, engagement_limit
-- purpose: SendGrid's statistics against our events, for the days and campaigns whose totals were fetched. The difference is
--          explained by class, in this order: test_sends, which SendGrid counts and the marts do not (events in quarantine
--          of the test plans in the Arrow table ledger_tests: plan_id, campaign); late_events, that can still arrive in the
--          $late_hours hours after the day, for which SendGrid retries the webhook; totals_lag, events of the last
--          $lag_minutes minutes before the totals were fetched. The rest is unknown. Events after the totals were fetched
--          are left out. requests counts messages on the day of their first event. is_over_limit: the unknown part is larger
--          than $delivery_limit of the total, of opens and clicks than $engagement_limit: of equal clicks in one second our
--          events keep one if they arrive apart.
create or replace table marts.provider_reconciliation as
with totals as (
    select
        category as campaign,
        day,
        metric as measure,
        sum(value)::bigint as sendgrid,
        max(fetched_at) as fetched_at
    from engagement.esp_totals
    where
        day >= utc_day($since)
        and metric in ('requests', 'delivered', 'bounces', 'blocks', 'spam_reports', 'opens', 'clicks')
    group by category, day, metric
),

reported as (
    select
        campaign,
        message_key,
        event,
        bounce_class,
        occurred_at,
        false as is_test
    from engagement.events
    where occurred_at >= $since::timestamptz - interval 4 days and campaign in (select totals.campaign from totals)
    union all
    select
        ledger_tests.campaign,
        quarantined.raw_event ->> 'message_key' as message_key,
        quarantined.raw_event ->> 'event' as event,
        quarantined.raw_event ->> 'bounce_class' as bounce_class,
        to_timestamp((quarantined.raw_event ->> 'reported_at')::bigint) as occurred_at,
        true as is_test
    from engagement.quarantined_events as quarantined
    inner join ledger_tests on regexp_replace(quarantined.raw_event ->> 'chunk', '[.][^.]*$', '') = ledger_tests.plan_id
    where quarantined.reason = 'unknown_message' and quarantined.received_at >= $since::timestamptz - interval 4 days
),

heard as (
    select
        campaign,
        case event
            when 'delivered' then 'delivered' when 'complained' then 'spam_reports' when 'opened' then 'opens'
            when 'clicked' then 'clicks' when 'bounced' then if(bounce_class = 'soft', 'blocks', 'bounces')
        end as measure,
        occurred_at,
        is_test
    from reported
    where event in ('delivered', 'complained', 'opened', 'clicked', 'bounced')
    union all
    select
        campaign,
        'requests' as measure,
        min(occurred_at) as occurred_at,
        is_test
    from reported
    where event in ('processed', 'dropped', 'deferred', 'delivered', 'bounced')
    group by campaign, message_key, is_test
),

counted as (
    select
        totals.campaign,
        totals.day,
        totals.measure,
        totals.fetched_at,
        totals.sendgrid,
        count(*) filter (where not heard.is_test) as events,
        count(*) filter (where heard.is_test) as test_sends,
        count(*) filter (
            where not heard.is_test and heard.occurred_at > totals.fetched_at - to_minutes($lag_minutes)
        ) as recent_events
    from totals
    left join heard
        on
            totals.campaign = heard.campaign
            and totals.measure = heard.measure
            and totals.day = utc_day(heard.occurred_at)
            and totals.fetched_at >= heard.occurred_at
    group by all
),

explained as (
    select
        *,
        sendgrid - events as difference,
        sendgrid - events - test_sends as rest,
        if(rest > 0 and $as_of < day::timestamptz + interval 1 day + to_hours($late_hours), rest, 0) as late_events,
        if(rest < 0, greatest(rest, -recent_events), 0) as totals_lag
    from counted
    where sendgrid <> 0 or events <> 0
)

select
    campaign,
    day,
    measure,
    sendgrid,
    events,
    difference,
    test_sends,
    late_events,
    totals_lag,
    rest - late_events - totals_lag as unknown,
    unknown = 0 as holds,
    abs(unknown) > greatest(sendgrid, events) * if(measure in ('opens', 'clicks'), $engagement_limit, $delivery_limit)
        as is_over_limit,
    fetched_at
from explained
order by day desc, campaign asc, measure asc;
