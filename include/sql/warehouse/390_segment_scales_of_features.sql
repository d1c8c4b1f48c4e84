-- name: 390_segment_scales_of_features
-- owner: data
-- grain: one row
-- params: none
-- purpose: The scales of the features that an earlier version stored: the bound of a score is the highest value below it. The days of the
--          engagement levels are those that every version had. Without a basis: the next run computes everybody.
insert into segment.scales by name
select
    false as is_previous,
    max(as_of) as as_of,
    30 as engaged_days,
    90 as warm_days,
    180 as cooling_days,
    max(last_purchased_at) filter (where recency_score < 2) as recency_2,
    max(last_purchased_at) filter (where recency_score < 3) as recency_3,
    max(last_purchased_at) filter (where recency_score < 4) as recency_4,
    max(last_purchased_at) filter (where recency_score < 5) as recency_5,
    max(purchase_days) filter (where frequency_score < 2) as frequency_2,
    max(purchase_days) filter (where frequency_score < 3) as frequency_3,
    max(purchase_days) filter (where frequency_score < 4) as frequency_4,
    max(purchase_days) filter (where frequency_score < 5) as frequency_5,
    max(revenue) filter (where monetary_score < 2) as monetary_2,
    max(revenue) filter (where monetary_score < 3) as monetary_3,
    max(revenue) filter (where monetary_score < 4) as monetary_4,
    max(revenue) filter (where monetary_score < 5) as monetary_5,
    false as is_whole
from segment.features
having count(*) > 0;
