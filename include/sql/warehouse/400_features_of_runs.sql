-- name: 400_features_of_runs
-- owner: data
-- grain: one row per run, now and before, and subscriber
-- params: none
-- purpose: The columns that segments select by, as of the run, from segment.facts_of_runs and segment.scales.
--          Scores are quintiles among buyers; 5 is best. Equal values get the same score, that of the lowest rank among them,
--          so that a re-run gives the same scores and one-time buyers do not fill the upper half.
--          Lifecycle: prospect (never bought); new (bought on one day, at most 30 days ago); active, lapsing and lost by the
--          subscriber's own window: active up to one window since the last purchase, lapsing up to two, lost after that. The
--          window is twice the mean gap between days of purchase, at least 60 and at most 180 days, for subscribers with three
--          such days or more, and 90 days for all others. Loyal is active with three days or more and frequency score 4+.
--          engagement_level is by the last sign of life (open, click, purchase, sign-up), as usual in sunset policies: engaged up
--          to engaged_days, warm up to warm_days, cooling up to cooling_days, dormant after that.
create or replace view segment.features_of_runs as
with timed as (
    select
        facts.*,
        scales.* exclude (is_previous, purchases),
        if(facts.purchases > 0, facts.purchase_days, null) as days_bought,
        whole_days(facts.last_purchased_at, scales.as_of) as days_since_purchase,
        whole_days(facts.last_human_engaged_at, scales.as_of) as days_since_engagement,
        whole_days(
            greatest(facts.last_human_engaged_at, facts.last_purchased_at, facts.signed_up_at), scales.as_of
        ) as days_since_sign_of_life,
        case
            when facts.purchases > 0 and facts.purchase_days > 1
                then (whole_days(facts.first_purchased_at, facts.last_purchased_at) / (facts.purchase_days - 1))::integer
        end as purchase_gap_days,
        case
            when facts.purchase_days >= 3
                then greatest(
                    60,
                    least(
                        180,
                        2 * whole_days(facts.first_purchased_at, facts.last_purchased_at) / (facts.purchase_days - 1)
                    )
                )
            else 90
        end as window_days,
        quintile(days_bought, frequency_2, frequency_3, frequency_4, frequency_5) as frequency_score
    from segment.facts_of_runs as facts
    inner join segment.scales as scales on facts.is_previous = scales.is_previous
)

select
    is_previous,
    subscriber_id,
    as_of,
    whole_days(signed_up_at, as_of) as days_since_signup,
    first_purchased_at,
    last_purchased_at,
    days_since_purchase,
    purchases,
    purchase_days,
    revenue,
    unconverted,
    (revenue / nullif(purchases, 0))::decimal(18, 2) as average_order,
    purchase_gap_days,
    days_until_birthday(birthday, utc_day(as_of)) as days_until_birthday,
    quintile(last_purchased_at, recency_2, recency_3, recency_4, recency_5) as recency_score,
    frequency_score,
    quintile(if(purchases > 0, revenue, null), monetary_2, monetary_3, monetary_4, monetary_5) as monetary_score,
    case
        when purchases = 0 then 'prospect'
        when purchase_days = 1 and days_since_purchase <= 30 then 'new'
        when days_since_purchase <= window_days and purchase_days >= 3 and frequency_score >= 4 then 'loyal'
        when days_since_purchase <= window_days then 'active'
        when days_since_purchase <= 2 * window_days then 'lapsing'
        else 'lost'
    end as lifecycle_stage,
    last_human_engaged_at,
    days_since_engagement,
    human_opens_90d,
    human_clicks_90d,
    human_opens_30d,
    human_clicks_30d,
    case
        when days_since_sign_of_life <= engaged_days then 'engaged'
        when days_since_sign_of_life <= warm_days then 'warm'
        when days_since_sign_of_life <= cooling_days then 'cooling'
        else 'dormant'
    end as engagement_level,
    last_activity_at,
    whole_days(last_activity_at, as_of) as days_since_activity,
    activities_7d,
    activities_30d
from timed;
