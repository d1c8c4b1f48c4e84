-- name: overlap
-- owner: analytics
-- grain: one row per pair of segments with people in common, in both directions
-- params: segment
-- purpose: Of the people of one segment, how many are in another too; the pairs of one $segment ('' for all), a segment with itself
--          left out.
select
    pairs.segment,
    pairs.other_segment,
    pairs.people,
    pairs.people / nullif(whole.people, 0) as share
from marts.segment_overlap as pairs
inner join marts.segment_overlap as whole on pairs.segment = whole.segment and whole.segment = whole.other_segment
where pairs.segment <> pairs.other_segment and ($segment = '' or pairs.segment = $segment)
order by pairs.segment, pairs.other_segment;
