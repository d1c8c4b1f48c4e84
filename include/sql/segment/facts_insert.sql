-- name: facts_insert
-- owner: data
-- grain: one row per subscriber who signed up by as_of and is not deleted
-- params: as_of
-- purpose: What segment.features is computed from, by what was known at as_of: of everybody, or of the people with something new
--          (temporary views fact_…, include/segment/features.py). Deleted subscribers are excluded for every as_of.
--          Money: an amount below zero is a refund, which lowers revenue and is not a purchase; an amount of zero is a gift and
--          a purchase. Revenue is in the reporting currency, by core.exchange_rates; amounts without a rate are counted in
--          unconverted and excluded from revenue. Each purchase_id is a purchase; frequency and rhythm are computed from days
--          (UTC) with a purchase, as in BG/NBD and RFM: three orders in one evening are one visit. The days of the last 384 are
--          bits of six words, since counting distinct days takes five times as long; older days are counted so.
--          Engagement: events classified as human; opens only of subscribers who consented to tracking (ePrivacy), clicks of
--          all.
--          Activities: when the latest happened, and how many in the last 7 and 30 days; segment.activity_counts has them by
--          name. They are no consent and no sign of life.
--          Birthday: the attribute `birthday` of the source, a date or month and day (`1985-04-30`, `04-30`); null if it is
--          neither.
--          Facts are grouped by `number`, a hash of the id, before they are joined to the people, since a join of 150 million
--          rows by text took longer than all else; ids that share a hash have numbers of their own (sharers.sql, ADR 293). They are
--          ordered by it before they are grouped: a sum of a person is up to 250 bytes wide, and a group that comes in pieces
--          is kept once for each of them.
insert into segment.facts by name
with people as (
    select
        number,
        subscriber_id,
        signed_up_at,
        tracking_consent,
        month_and_day(attributes ->> 'birthday') as birthday
    from temp.fact_people
    where is_listed(deleted_at, signed_up_at, $as_of)
),

purchases as (
    select
        purchases.number,
        purchases.purchased_at,
        purchases.amount,
        rates.rate
    from temp.fact_purchases as purchases
    left join core.exchange_rates as rates on purchases.currency = rates.currency
    where purchases.purchased_at <= $as_of
    order by purchases.number
),

bought as (
    select
        purchases.number,
        min(purchases.purchased_at) filter (where purchases.is_purchase) as first_purchased_at,
        max(purchases.purchased_at) filter (where purchases.is_purchase) as last_purchased_at,
        (count(*) filter (where purchases.is_purchase))::integer as purchases,
        (
            count(distinct purchases.days_ago) filter (where purchases.word >= 6)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 0)), 0)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 1)), 0)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 2)), 0)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 3)), 0)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 4)), 0)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 5)), 0)
        )::integer as purchase_days,
        coalesce(sum(purchases.amount) filter (where purchases.rate = 1), 0) as unchanged,
        sum(purchases.amount * purchases.rate) filter (where purchases.rate <> 1) as converted,
        if(converted is null, unchanged::decimal(18, 2), (unchanged + converted)::decimal(18, 2)) as revenue,
        (count(*) filter (where purchases.rate is null))::integer as unconverted
    from (
        select
            *,
            amount >= 0 as is_purchase,
            utc_day($as_of::timestamptz) - utc_day(purchased_at) as days_ago,
            if(is_purchase, days_ago // 64, null) as word,
            1::ubigint << (days_ago % 64)::ubigint as bit
        from purchases
    ) as purchases
    group by all
),

activities as (
    select
        number,
        happened_at
    from temp.fact_activities
    where happened_at <= $as_of
    order by number
),

acted as (
    select
        activities.number,
        max(activities.happened_at) as last_activity_at,
        (count(*) filter (where activities.happened_at > $as_of::timestamptz - interval 7 day))::integer as activities_7d,
        (count(*) filter (where activities.happened_at > $as_of::timestamptz - interval 30 day))::integer as activities_30d
    from activities
    group by all
),

events as (
    select
        number,
        event,
        occurred_at
    from temp.fact_events
    where verdict = 'human' and event in ('opened', 'clicked') and occurred_at <= $as_of
    order by number
),

engaged as (
    select
        events.number,
        max(events.occurred_at) filter (where events.event = 'opened') as last_opened_at,
        max(events.occurred_at) filter (where events.event = 'clicked') as last_clicked_at,
        count(*) filter (where events.event = 'opened' and events.is_recent)::integer as opens_90d,
        count(*) filter (where events.event = 'clicked' and events.is_recent)::integer as clicks_90d,
        count(*) filter (where events.event = 'opened' and events.is_new)::integer as opens_30d,
        count(*) filter (where events.event = 'clicked' and events.is_new)::integer as clicks_30d
    from (
        select
            number,
            event,
            occurred_at,
            occurred_at > $as_of::timestamptz - interval 90 day as is_recent,
            occurred_at > $as_of::timestamptz - interval 30 day as is_new
        from events
    ) as events
    group by all
)

select
    people.subscriber_id,
    people.signed_up_at,
    people.tracking_consent,
    people.birthday,
    bought.first_purchased_at,
    bought.last_purchased_at,
    coalesce(bought.purchases, 0) as purchases,
    coalesce(bought.purchase_days, 0) as purchase_days,
    coalesce(bought.revenue, 0) as revenue,
    coalesce(bought.unconverted, 0) as unconverted,
    greatest(if(people.tracking_consent, engaged.last_opened_at, null), engaged.last_clicked_at) as last_human_engaged_at,
    if(people.tracking_consent, coalesce(engaged.opens_90d, 0), 0) as human_opens_90d,
    coalesce(engaged.clicks_90d, 0) as human_clicks_90d,
    if(people.tracking_consent, coalesce(engaged.opens_30d, 0), 0) as human_opens_30d,
    coalesce(engaged.clicks_30d, 0) as human_clicks_30d,
    acted.last_activity_at,
    coalesce(acted.activities_7d, 0) as activities_7d,
    coalesce(acted.activities_30d, 0) as activities_30d
from people
left join bought on people.number = bought.number
left join engaged on people.number = engaged.number
left join acted on people.number = acted.number;
