-- name: segment_names
-- owner: analytics
-- grain: one row per segment
-- params: none
-- purpose: The segments that were ever built, to choose from.
select distinct segment
from marts.segment_sizes
order by segment;
