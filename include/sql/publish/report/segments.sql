-- name: segments
-- owner: analytics
-- grain: one row per segment
-- params: none
-- purpose: Each segment in its latest run: size, share of the list, and how many subscribers entered and left since the
--          previous run.
with newest as (
    select
        segment,
        max(as_of) as as_of
    from marts.segment_sizes
    group by segment
),

latest as (
    select sizes.*
    from marts.segment_sizes as sizes
    inner join newest on sizes.segment = newest.segment and sizes.as_of = newest.as_of
    qualify row_number() over (partition by sizes.segment order by sizes.segment_run desc) = 1
)

select
    latest.segment,
    strftime(latest.as_of, '%Y-%m-%d %H:%M') as as_of,
    latest.members,
    latest.share_of_list,
    changes.entered,
    changes.left_segment,
    changes.stayed,
    nullif(latest.members - changes.entered + changes.left_segment, 0) as members_before
from latest
left join marts.segment_changes as changes using (segment_run, segment)
order by latest.members desc, latest.segment asc;
