-- name: preview_people
-- owner: dispatch
-- grain: one row per person that a preview shows
-- params: none
-- purpose: People of temp table audience whose mails differ: the first by message key of each variant and locale (typical),
--          and among all the one with the longest values, the one with the fewest and shortest, and one whose name starts in
--          Hebrew or Arabic. A preview with nobody to plan shows people in any state. Aggregates in place of sorts: an
--          audience has millions of rows.
with known as (
    select
        audience.subscriber_id,
        audience.message_key,
        audience.variant,
        audience.locale as content_locale,
        identity.first_name,
        identity.last_name,
        subscriber.country,
        subscriber.locale,
        subscriber.timezone,
        subscriber.signed_up_at,
        feature.purchases,
        feature.revenue,
        feature.first_purchased_at,
        feature.last_purchased_at,
        feature.days_since_purchase,
        feature.lifecycle_stage,
        subscriber.attributes::varchar as attributes,
        coalesce(length(identity.first_name), 0)
        + coalesce(length(identity.last_name), 0)
        + coalesce(length(subscriber.attributes::varchar), 0)
        + coalesce(length(feature.revenue::varchar), 0) as characters,
        len(
            list_filter(
                [
                    identity.first_name, identity.last_name, subscriber.country, subscriber.locale, subscriber.timezone,
                    feature.last_purchased_at::varchar, subscriber.attributes::varchar
                ],
                lambda value: value is not null and trim(value) <> ''
            )
        ) as filled,
        regexp_matches(concat(identity.first_name, identity.last_name), '^\s*[\x{0590}-\x{08FF}]') as is_right_to_left
    from audience
    inner join core.identities as identity on audience.subscriber_id = identity.subscriber_id
    inner join core.subscribers as subscriber on audience.subscriber_id = subscriber.subscriber_id
    left join segment.features as feature on audience.subscriber_id = feature.subscriber_id
    where
        audience.state = 'planned'
        or not exists (
            select 1
            from audience as other
            where other.state = 'planned'
        )
),

chosen as (
    select
        'typical' as chosen_for,
        arg_min(subscriber_id, message_key) as subscriber_id
    from known
    group by variant, content_locale
    union all
    select
        'longest' as chosen_for,
        arg_max(subscriber_id, (characters, message_key)) as subscriber_id
    from known
    union all
    select
        'emptiest' as chosen_for,
        arg_min(subscriber_id, (filled, characters, message_key)) as subscriber_id
    from known
    union all
    select
        'right_to_left' as chosen_for,
        arg_max(subscriber_id, (characters, message_key)) filter (where is_right_to_left) as subscriber_id
    from known
)

select
    known.* exclude (message_key, characters, filled, is_right_to_left),
    list(chosen.chosen_for order by chosen.chosen_for) as chosen_for
from known
inner join chosen on known.subscriber_id = chosen.subscriber_id
group by all
order by known.variant asc, known.content_locale asc, known.subscriber_id asc;
