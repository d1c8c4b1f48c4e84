-- question: Who was in a segment in each run?
-- reading:  Sizes as they were counted, and members by the history; equal where the history goes back so far.
select sizes.segment, sizes.as_of, sizes.members, count(history.subscriber_id) as members_by_history
from marts.segment_sizes as sizes
left join marts.segment_history as history
    on sizes.segment = history.segment and history.entered_at <= sizes.as_of and (history.left_at is null or history.left_at > sizes.as_of)
group by all
order by sizes.as_of desc, sizes.members desc
limit 20;
