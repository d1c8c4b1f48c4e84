-- name: latest_segment_run
-- owner: dispatch
-- grain: at most one row
-- params: segment
-- purpose: The newest segment run in which the segment was built, whether or not it has members.
select
    run.segment_run,
    run.as_of,
    count(member.subscriber_id) as members
from segment.runs as run
left join segment.membership as member on run.segment_run = member.segment_run and member.segment = $segment
group by all
order by run.as_of desc, run.built_at desc
limit 1;
