-- name: calendar_volumes
-- owner: analytics
-- grain: one row per campaign that was planned, and one per segment
-- params: none
-- purpose: How many messages a run is expected to send. kind campaign: the median of people in the plans of its last four
--          occurrences who were not suppressed, capped or held out. kind segment: its size in the newest run, for campaigns that
--          were never planned.
with recent as (
    select
        campaign,
        selected - suppressed - capped - held_out as people
    from marts.campaign_performance
    qualify row_number() over (partition by campaign order by planned_at desc) <= 4
),

newest as (
    select
        segment,
        members
    from marts.segment_sizes
    qualify row_number() over (partition by segment order by as_of desc, segment_run desc) = 1
)

select
    'campaign' as kind,
    campaign as name,
    median(people)::bigint as people
from recent
group by campaign
union all
select
    'segment' as kind,
    segment as name,
    members::bigint as people
from newest
order by kind, name;
