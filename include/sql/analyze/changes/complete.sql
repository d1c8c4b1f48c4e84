-- name: complete
-- owner: data
-- grain: one row
-- params: since
-- purpose: Whether the two large marts have as many rows as their sources, and the same events on each day since the given time. If not,
--          somebody changed the sources and did not say what.
with stored as (
    select
        utc_day(occurred_at) as day,
        event,
        verdict,
        bounce_class,
        count(*) as events
    from engagement.events
    where occurred_at >= $since
    group by all
),

built as (
    select
        utc_day(occurred_at) as day,
        event,
        verdict,
        bounce_class,
        count(*) as events
    from marts.events
    where occurred_at >= $since and source = 'webhook'
    group by all
)

select
    (select count(*) from marts.sends) = (select count(*) from dispatch.sends)
    and (
        select count(*) from marts.events
        where source = 'webhook'
    ) = (select count(*) from engagement.events)
    and not exists (
        from stored
        except
        from built
    ) as is_complete;
