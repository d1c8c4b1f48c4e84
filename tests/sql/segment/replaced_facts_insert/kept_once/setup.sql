create temp table facts_before as
select
    unnest(['ann', 'bob']) as subscriber_id,
    true as tracking_consent,
    unnest([1, 2]) as purchases,
    1 as purchase_days,
    0::decimal(18, 2) as revenue,
    0 as unconverted,
    0 as human_opens_90d,
    0 as human_clicks_90d,
    0 as human_opens_30d,
    0 as human_clicks_30d,
    0 as activities_7d,
    0 as activities_30d,
    true as has_purchases,
    true as has_activities,
    true as has_events,
    7::ubigint as number;
