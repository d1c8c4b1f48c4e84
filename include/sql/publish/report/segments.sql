-- name: segments
-- owner: analytics
-- grain: one row per segment
-- params: none
-- purpose: Each segment in its latest run: size, share of the list, and how many subscribers entered and left since the
--          previous run.
with latest as (
    select *
    from marts.segment_sizes
    qualify row_number() over (partition by segment order by as_of desc, segment_run desc) = 1
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
