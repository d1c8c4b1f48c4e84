-- name: calendar_volumes
-- owner: analytics
-- grain: one row per kind and name
-- params: as_of
-- purpose: How many messages a run is expected to send. kind campaign: the median of people in the plans of its last four
--          occurrences who were not suppressed, capped or held out, with what a winner or freed people added to them. kind later:
--          the same without its first occurrence. kind occurrence: what has a plan of the last two months, or of once, as
--          `<campaign> <occurrence>`. kind segment: its size in the newest run, for campaigns that were never planned. kind
--          entered: how many people entered it in a day, over the last four weeks. kind journey: the messages of a day of a step's
--          mail, by the plans of the last four weeks.
with occurrences as (
    select
        campaign,
        regexp_replace(occurrence, '-(rest|freed[0-9]+)$', '') as occurrence,
        min(planned_at) as planned_at,
        sum(selected - suppressed - capped - held_out) as people
    from marts.campaign_performance
    where not contains(campaign, '__')
    group by all
),

recent as (
    select
        campaign,
        people,
        row_number() over (partition by campaign order by planned_at) > 1 as is_later
    from occurrences
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

segment_runs as (
    select
        sizes.segment,
        sizes.members,
        sizes.as_of,
        changes.entered,
        row_number() over (partition by sizes.segment order by sizes.as_of desc, sizes.segment_run desc) as nth_newest,
        lag(sizes.as_of) over (partition by sizes.segment order by sizes.as_of, sizes.segment_run) as as_of_before
    from marts.segment_sizes as sizes
    left join marts.segment_changes as changes using (segment_run, segment)
),

entered as (
    select
        segment,
        sum(entered) as people,
        date_diff('second', min(as_of_before), max(as_of)) / 86400 as days
    from segment_runs
    where as_of > $as_of::timestamptz - interval 28 day and as_of_before is not null
    group by segment
)

select
    'campaign' as kind,
    campaign as name,
    median(people)::bigint as people
from recent
group by campaign
union all
select
    'later' as kind,
    campaign as name,
    median(people)::bigint as people
from recent
where is_later
group by campaign
union all
select
    'occurrence' as kind,
    campaign || ' ' || occurrence as name,
    people::bigint as people
from occurrences
where occurrence = 'once' or planned_at > $as_of::timestamptz - interval 62 day
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
from segment_runs
where nth_newest = 1
union all
select
    'entered' as kind,
    segment as name,
    ceil(people / days)::bigint as people
from entered
where days > 0 and people is not null
order by kind, name;
