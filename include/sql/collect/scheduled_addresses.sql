-- name: scheduled_addresses
-- owner: data
-- grain: one row per address
-- params: parts, at
-- purpose: The addresses with scheduled mail that may no longer receive it, and all withheld addresses, each with a state.
--          `scheduled` lists the chunks with their rows in the files of plans (`parts`); `withheld` the addresses withheld
--          now.
--          state, the first that applies: unknown (nobody has or had the address); wants_mail; opted_out (by their own
--          unsubscribe or complaint, or barred for good, which stays on SendGrid's lists); withdrawn (any other reason of people_as_of; an
--          address that all its holders gave up; or a topic of the scheduled mail that was declined under any of the
--          person's addresses). For an address that two people have had, the current holder decides. is_due: the chunk's
--          mail may still go out; chunks that are not due serve to find addresses withheld earlier. is_confirming: mail
--          that asks for confirmation, which unconfirmed people and people who paused do receive. topic: of mail that has
--          yet to go, null where it cannot be declined. Bounces do not count: SendGrid keeps its own list of them.
with planned as (
    select
        part.address_key,
        any_value(part.email) as email,
        bool_or(chunk.is_due) as is_due,
        bool_and(chunk.is_confirming) as is_confirming,
        list(distinct chunk.topic) filter (where chunk.topic is not null) as topics
    from read_parquet($parts, filename = true, file_row_number = true) as part
    asof join scheduled as chunk
        on part.filename = chunk.file and part.file_row_number >= chunk.first_row
    where
        part.file_row_number < chunk.first_row + chunk.size
        and (chunk.is_due or part.address_key in (select withheld.address_key from withheld))
    group by part.address_key
),

declined as (
    select
        subscriber_id,
        list(topic) as topics
    from core.declined_topics
    group by subscriber_id
),

evaluated as (
    select
        planned.address_key,
        planned.email,
        planned.is_due,
        holdings.is_current,
        standing.has_left or standing.barred_for is not null as has_left,
        not coalesce(list_has_any(planned.topics, declined.topics), false)
        and coalesce(
            person.withheld_for in ('hard_bounce', 'invalid_address')
            or (
                planned.is_confirming
                and person.withheld_for in (
                    'not_confirmed', 'no_lawful_basis', 'no_proof_of_consent', 'consent_expired', 'paused'
                )
            ),
            person.subscriber_id is not null
        ) as wants_mail
    from planned
    left join core.holdings on planned.address_key = holdings.address_key
    left join people_as_of($at) as person on holdings.subscriber_id = person.subscriber_id
    left join core.standing on holdings.subscriber_id = standing.subscriber_id
    left join declined on holdings.subscriber_id = declined.subscriber_id
)

select
    address_key,
    any_value(email) as email,
    any_value(is_due) as is_due,
    case
        when bool_and(is_current is null) then 'unknown'
        when bool_or(wants_mail and is_current) then 'wants_mail'
        when bool_or(has_left) then 'opted_out'
        else 'withdrawn'
    end as state
from evaluated
group by address_key
having state <> 'wants_mail' or address_key in (select withheld.address_key from withheld)
order by address_key;
