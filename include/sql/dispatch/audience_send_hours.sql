-- name: audience_send_hours
-- owner: dispatch
-- grain: one row per selected subscriber (temp table audience)
-- params: as_of, since, own_time, allowed_hours, least_people
-- purpose: The hour of the day (0 to 23, on the person's clock) at which people in the arm $own_time opened and clicked most, among
--          $allowed_hours. The signs are human opens and clicks after $since of people who allow tracking, one per message and
--          hour. By empirical Bayes: a person's score of an hour is their signs in it plus the population's share of the hour
--          times a strength. The share counts each person once. The strength is how many signs of a person the population is
--          worth; it follows from how often two signs of one person fall into one hour (the Dirichlet-multinomial's moment):
--          with q that rate and s the sum of the squared shares, (1 - q) / (q - s). Where people do not differ (q <= s) everybody
--          has the population's best hour, as people without signs do. Unless $least_people people have signs, nobody has an
--          hour. The clock's distance from UTC is that at noon (UTC) of the day; an unknown zone counts as UTC.
update audience
set send_hour = best.send_hour
from (
    with zones as (
        select
            subscriber.subscriber_id,
            coalesce(zone.name, 'UTC') as zone
        from core.subscribers as subscriber
        left join pg_timezone_names() as zone on subscriber.timezone = zone.name
        where subscriber.tracking_consent and subscriber.deleted_at is null
    ),

    events as (
        select
            zones.subscriber_id,
            zones.zone,
            engaged.message_key,
            engaged.occurred_at,
            engaged.occurred_at::date as utc_day
        from engagement.events as engaged
        inner join zones on engaged.subscriber_id = zones.subscriber_id
        where
            engaged.verdict = 'human'
            and engaged.event in ('opened', 'clicked')
            and engaged.occurred_at > $since
            and engaged.occurred_at <= $as_of
    ),

    clocks as (
        select
            zone,
            utc_day,
            epoch(timezone(zone, utc_day::timestamptz + interval 12 hour)) - epoch(utc_day::timestamptz + interval 12 hour)
                as ahead_seconds
        from (
            select distinct
                zone,
                utc_day
            from events
        ) as days
    ),

    signs as (
        select
            subscriber_id,
            hour,
            count(distinct message_key) as signs
        from (
            select
                events.subscriber_id,
                events.message_key,
                (floor((epoch(events.occurred_at) + clocks.ahead_seconds) / 3600)::bigint % 24)::tinyint as hour
            from events
            inner join clocks on events.zone = clocks.zone and events.utc_day = clocks.utc_day
        ) as local
        group by subscriber_id, hour
    ),

    people as (
        select
            subscriber_id,
            sum(signs) as signs,
            sum(signs * (signs - 1)) as pairs_in_one_hour
        from signs
        group by subscriber_id
    ),

    shares as (
        select
            hours.hour::tinyint as hour,
            (coalesce(sum(signs.signs / people.signs), 0) + 1 / 24.0) / ((select count(*) from people) + 1) as share
        from range(24) as hours (hour)
        left join signs on hours.hour = signs.hour
        left join people on signs.subscriber_id = people.subscriber_id
        group by hours.hour
    ),

    rates as (
        select
            sum(pairs_in_one_hour / signs) / sum(signs - 1) as q,
            (select sum(share * share) from shares) as s
        from people
        where signs > 1
    ),

    strengths as (
        select if(q > s, least(greatest((1 - q) / (q - s), 0.1), 1e9), 1e9) as strength
        from rates
    ),

    usual as (
        select
            hour,
            share
        from shares
        where list_contains($allowed_hours::integer[], hour)
        order by share desc, hour asc
        limit 1
    ),

    own as (
        select
            signs.subscriber_id,
            max_by(
                struct_pack(hour := signs.hour, score := signs.signs + strengths.strength * shares.share),
                struct_pack(score := signs.signs + strengths.strength * shares.share, later := -signs.hour)
            ) as best
        from signs
        inner join shares on signs.hour = shares.hour
        cross join strengths
        where list_contains($allowed_hours::integer[], signs.hour)
        group by signs.subscriber_id
    )

    select
        audience.subscriber_id,
        if(own.best.score > strengths.strength * usual.share, own.best.hour, usual.hour) as send_hour
    from audience
    cross join usual
    cross join strengths
    left join own on audience.subscriber_id = own.subscriber_id
    where
        audience.variant = $own_time
        and audience.state = 'planned'
        and (select count(*) from people) >= $least_people
) as best
where audience.subscriber_id = best.subscriber_id;
