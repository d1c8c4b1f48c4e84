-- name: engagement
-- owner: analytics
-- grain: one row per day and kind of event
-- params: days = 60
-- purpose: So many days up to the latest event: people with delivered mail, and people (not machines) who acted on it.
with kinds as (
    select
        day,
        case event
            when 'delivered' then 'delivered'
            when 'opened' then 'opened'
            when 'clicked' then 'clicked'
            when 'complained' then 'complained'
            else 'unsubscribed'
        end as kind,
        people
    from marts.daily_engagement
    where
        event in ('delivered', 'opened', 'clicked', 'unsubscribed', 'group_unsubscribed', 'complained')
        and (verdict is null or verdict = 'human')
)

select
    strftime(day, '%Y-%m-%d') as day,
    kind,
    sum(people)::bigint as people
from kinds
where day > (select max(day) from kinds) - $days::integer
group by all
order by all;
