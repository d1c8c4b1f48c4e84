-- name: features
-- owner: data
-- grain: one row per subscriber who signed up by as_of and is not deleted
-- params: as_of, engaged_days, warm_days, cooling_days
-- purpose: The columns that segments select by, from what was known at as_of. Deleted subscribers are excluded for every as_of.
--          Scores are quintiles among buyers; 5 is best. Equal values get the same score, that of the lowest rank among them,
--          so that a re-run gives the same scores and one-time buyers do not fill the upper half.
--          Money: an amount below zero is a refund, which lowers revenue and is not a purchase; an amount of zero is a gift and
--          a purchase. Revenue is in the reporting currency, by core.exchange_rates; amounts without a rate are counted in
--          unconverted and excluded from revenue. Each purchase_id is a purchase; frequency and rhythm are computed from days
--          (UTC) with a purchase, as in BG/NBD and RFM: three orders in one evening are one visit.
--          Lifecycle: prospect (never bought); new (bought on one day, at most 30 days ago); active, lapsing and lost by the
--          subscriber's own window: active up to one window since the last purchase, lapsing up to two, lost after that. The
--          window is twice the mean gap between days of purchase, at least 60 and at most 180 days, for subscribers with three
--          such days or more, and 90 days for all others. Loyal is active with three days or more and frequency score 4+.
--          Engagement: events classified as human; opens only of subscribers who consented to tracking (ePrivacy), clicks of
--          all. engagement_level is by the last sign of life (open, click, purchase, sign-up), as usual in sunset policies:
--          engaged up to $engaged_days, warm up to $warm_days, cooling up to $cooling_days, dormant after that.
--          Activities: when the latest happened, and how many in the last 7 and 30 days; segment.activity_counts has them by
--          name. They are no consent and no sign of life.
--          Birthday: the attribute `birthday` of the source, a date or month and day (`1985-04-30`, `04-30`); null if it is
--          neither. People who were born on 29 February celebrate on 1 March in other years.
--          Facts are grouped by a hash of the id before they are joined to the people, since a join of 150 million rows by text
--          took longer than all else. `sharers` are ids of the list that share a hash, some in one of 370,000 lists of
--          10 million people: they get a number of their own (ADR 293).
insert into segment.features by name
with sharers as materialized (
    select
        subscriber_id,
        (row_number() over ())::ubigint as number
    from core.subscribers
    where id_hash(subscriber_id) in (
        select id_hash(subscribers.subscriber_id)
        from core.subscribers
        group by all
        having count(*) > 1
    )
),

people as (
    select
        coalesce(sharers.number, id_hash(subscribers.subscriber_id)) as number,
        subscribers.subscriber_id,
        subscribers.signed_up_at,
        subscribers.tracking_consent,
        if(
            length(subscribers.attributes ->> 'birthday') in (5, 10), right(subscribers.attributes ->> 'birthday', 5), null
        ) as birthday
    from core.subscribers as subscribers
    left join sharers on subscribers.subscriber_id = sharers.subscriber_id
    where subscribers.deleted_at is null and (subscribers.signed_up_at is null or subscribers.signed_up_at <= $as_of)
),

bought as (
    select
        coalesce(sharers.number, id_hash(purchases.subscriber_id)) as number,
        min(purchases.purchased_at) filter (where purchases.amount >= 0) as first_purchased_at,
        max(purchases.purchased_at) filter (where purchases.amount >= 0) as last_purchased_at,
        (count(*) filter (where purchases.amount >= 0))::integer as purchases,
        (count(distinct utc_day(purchases.purchased_at)) filter (where purchases.amount >= 0))::integer as purchase_days,
        coalesce(sum(purchases.amount * rates.rate), 0)::decimal(18, 2) as revenue,
        (count(*) filter (where rates.rate is null))::integer as unconverted
    from core.purchases as purchases
    left join sharers on purchases.subscriber_id = sharers.subscriber_id
    left join core.exchange_rates as rates on purchases.currency = rates.currency
    where purchases.purchased_at <= $as_of
    group by all
),

listed as (
    select bought.*
    from bought
    semi join people on bought.number = people.number
),

scored as (
    select
        *,
        least(5, 1 + floor(5 * percent_rank() over (order by last_purchased_at)))::tinyint as recency_score,
        least(5, 1 + floor(5 * percent_rank() over (order by purchase_days)))::tinyint as frequency_score,
        least(5, 1 + floor(5 * percent_rank() over (order by revenue)))::tinyint as monetary_score,
        whole_days(last_purchased_at, $as_of::timestamptz) as days_since_purchase,
        (revenue / purchases)::decimal(18, 2) as average_order,
        case
            when purchase_days > 1
                then (whole_days(first_purchased_at, last_purchased_at) / (purchase_days - 1))::integer
        end as purchase_gap_days,
        case
            when purchase_days >= 3
                then greatest(60, least(180, 2 * whole_days(first_purchased_at, last_purchased_at) / (purchase_days - 1)))
            else 90
        end as window_days
    from listed
    where purchases > 0

    union all by name

    select *
    from listed
    where purchases = 0
),

acted as (
    select
        coalesce(sharers.number, id_hash(activities.subscriber_id)) as number,
        max(activities.happened_at) as last_activity_at,
        (count(*) filter (where activities.happened_at > $as_of::timestamptz - interval 7 day))::integer as activities_7d,
        (count(*) filter (where activities.happened_at > $as_of::timestamptz - interval 30 day))::integer as activities_30d
    from core.activities as activities
    left join sharers on activities.subscriber_id = sharers.subscriber_id
    where activities.happened_at <= $as_of
    group by all
),

engaged as (
    select
        coalesce(sharers.number, id_hash(events.subscriber_id)) as number,
        max(events.occurred_at) filter (where events.event = 'opened') as last_opened_at,
        max(events.occurred_at) filter (where events.event = 'clicked') as last_clicked_at,
        count(*) filter (where events.event = 'opened' and events.is_recent)::integer as opens_90d,
        count(*) filter (where events.event = 'clicked' and events.is_recent)::integer as clicks_90d,
        count(*) filter (where events.event = 'opened' and events.is_new)::integer as opens_30d,
        count(*) filter (where events.event = 'clicked' and events.is_new)::integer as clicks_30d
    from (
        select
            subscriber_id,
            event,
            occurred_at,
            occurred_at > $as_of::timestamptz - interval 90 day as is_recent,
            occurred_at > $as_of::timestamptz - interval 30 day as is_new
        from engagement.events
        where verdict = 'human' and event in ('opened', 'clicked') and occurred_at <= $as_of
    ) as events
    left join sharers on events.subscriber_id = sharers.subscriber_id
    group by all
),

following as (
    select
        numbers.days,
        strftime(utc_day($as_of::timestamptz) + numbers.days::integer, '%m-%d') as birthday,
        strftime(utc_day($as_of::timestamptz) + numbers.days::integer - 1, '%m-%d') as day_before
    from range(367) as numbers (days)
),

calendar as (
    select
        birthday,
        min(days)::integer as days_until_birthday
    from (
        select
            days,
            birthday
        from following

        union all

        select
            days,
            '02-29' as birthday
        from following
        where birthday = '03-01' and day_before = '02-28'
    ) as birthdays
    group by birthday
),

joined as (
    select
        *,
        greatest(if(tracking_consent, last_opened_at, null), last_clicked_at) as last_human_engaged_at,
        if(tracking_consent, opens_90d, 0) as human_opens_90d,
        if(tracking_consent, opens_30d, 0) as human_opens_30d,
        whole_days(last_human_engaged_at, $as_of::timestamptz) as days_since_engagement,
        whole_days(
            greatest(last_human_engaged_at, last_purchased_at, signed_up_at), $as_of::timestamptz
        ) as days_since_sign_of_life
    from people
    left join scored using (number)
    left join engaged using (number)
    left join acted using (number)
    left join calendar using (birthday)
)

select
    subscriber_id,
    $as_of::timestamptz as as_of,
    whole_days(signed_up_at, $as_of::timestamptz) as days_since_signup,
    first_purchased_at,
    last_purchased_at,
    days_since_purchase,
    coalesce(purchases, 0) as purchases,
    coalesce(purchase_days, 0) as purchase_days,
    coalesce(revenue, 0) as revenue,
    coalesce(unconverted, 0) as unconverted,
    average_order,
    purchase_gap_days,
    days_until_birthday,
    recency_score,
    frequency_score,
    monetary_score,
    case
        when coalesce(purchases, 0) = 0 then 'prospect'
        when purchase_days = 1 and days_since_purchase <= 30 then 'new'
        when days_since_purchase <= window_days and purchase_days >= 3 and frequency_score >= 4 then 'loyal'
        when days_since_purchase <= window_days then 'active'
        when days_since_purchase <= 2 * window_days then 'lapsing'
        else 'lost'
    end as lifecycle_stage,
    last_human_engaged_at,
    days_since_engagement,
    coalesce(human_opens_90d, 0) as human_opens_90d,
    coalesce(clicks_90d, 0) as human_clicks_90d,
    coalesce(human_opens_30d, 0) as human_opens_30d,
    coalesce(clicks_30d, 0) as human_clicks_30d,
    case
        when days_since_sign_of_life <= $engaged_days then 'engaged'
        when days_since_sign_of_life <= $warm_days then 'warm'
        when days_since_sign_of_life <= $cooling_days then 'cooling'
        else 'dormant'
    end as engagement_level,
    last_activity_at,
    whole_days(last_activity_at, $as_of::timestamptz) as days_since_activity,
    coalesce(activities_7d, 0) as activities_7d,
    coalesce(activities_30d, 0) as activities_30d
from joined;
