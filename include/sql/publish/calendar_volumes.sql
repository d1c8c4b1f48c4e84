-- name: calendar_volumes
-- owner: analytics
-- grain: one row per campaign that was planned, one per mail of a journey, and one per segment
-- params: as_of
-- purpose: How many messages a run is expected to send. kind campaign: the median of people in the plans of its last four
--          occurrences who were not suppressed, capped or held out. kind segment: its size in the newest run, for campaigns that
--          were never planned. kind journey: the messages of a day of a step's mail, by the plans of the last four weeks.
with recent as (
    select
        campaign,
        selected - suppressed - capped - held_out as people
    from marts.campaign_performance
    where not contains(campaign, '__')
    qualify row_number() over (partition by campaign order by planned_at desc) <= 4
),

of_journeys as (
    select
        campaign,
        sum(selected - suppressed - capped - held_out) as people,
        1 + date_diff('day', min(planned_at), $as_of::timestamptz) as days
    from marts.campaign_performance
    where contains(campaign, '__') and planned_at > $as_of::timestamptz - interval 28 day
    group by campaign
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
    'journey' as kind,
    campaign as name,
    ceil(people / days)::bigint as people
from of_journeys
union all
select
    'segment' as kind,
    segment as name,
    members::bigint as people
from newest
order by kind, name;
