-- name: scales_insert
-- owner: data
-- grain: one row
-- params: as_of, engaged_days, warm_days, cooling_days, whole_at, basis
-- purpose: The scales of the features, from segment.facts of the same run. The bound below a score is the highest value of which the
--          rank among the n buyers, from 0, is less than so many fifths of n - 1: what percent_rank() gives, without a window over
--          all buyers for each score. Of one buyer there is no rank, and no bound.
insert into segment.scales by name
with places as (
    select
        ceil((count(*) - 1) / 5)::bigint as place_2,
        ceil(2 * (count(*) - 1) / 5)::bigint as place_3,
        ceil(3 * (count(*) - 1) / 5)::bigint as place_4,
        ceil(4 * (count(*) - 1) / 5)::bigint as place_5
    from segment.facts
    where purchases > 0
),

recency as (
    select
        max(ranked.last_purchased_at) filter (where ranked.place = places.place_2) as recency_2,
        max(ranked.last_purchased_at) filter (where ranked.place = places.place_3) as recency_3,
        max(ranked.last_purchased_at) filter (where ranked.place = places.place_4) as recency_4,
        max(ranked.last_purchased_at) filter (where ranked.place = places.place_5) as recency_5
    from (
        select
            last_purchased_at,
            row_number() over (order by last_purchased_at) as place
        from segment.facts
        where purchases > 0
    ) as ranked
    cross join places
),

frequency as (
    select
        max(ranked.purchase_days) filter (where ranked.place = places.place_2) as frequency_2,
        max(ranked.purchase_days) filter (where ranked.place = places.place_3) as frequency_3,
        max(ranked.purchase_days) filter (where ranked.place = places.place_4) as frequency_4,
        max(ranked.purchase_days) filter (where ranked.place = places.place_5) as frequency_5
    from (
        select
            purchase_days,
            row_number() over (order by purchase_days) as place
        from segment.facts
        where purchases > 0
    ) as ranked
    cross join places
),

monetary as (
    select
        max(ranked.revenue) filter (where ranked.place = places.place_2) as monetary_2,
        max(ranked.revenue) filter (where ranked.place = places.place_3) as monetary_3,
        max(ranked.revenue) filter (where ranked.place = places.place_4) as monetary_4,
        max(ranked.revenue) filter (where ranked.place = places.place_5) as monetary_5
    from (
        select
            revenue,
            row_number() over (order by revenue) as place
        from segment.facts
        where purchases > 0
    ) as ranked
    cross join places
)

select
    false as is_previous,
    $as_of::timestamptz as as_of,
    $engaged_days::integer as engaged_days,
    $warm_days::integer as warm_days,
    $cooling_days::integer as cooling_days,
    recency.recency_2,
    recency.recency_3,
    recency.recency_4,
    recency.recency_5,
    frequency.frequency_2,
    frequency.frequency_3,
    frequency.frequency_4,
    frequency.frequency_5,
    monetary.monetary_2,
    monetary.monetary_3,
    monetary.monetary_4,
    monetary.monetary_5,
    $whole_at::timestamptz as whole_at,
    $basis as basis,
    (select count(*) from core.purchases) as purchases,
    (select count(*) from core.activities) as activities,
    (select count(*) from engagement.events) as events,
    false as is_whole
from recency
cross join frequency
cross join monetary;
