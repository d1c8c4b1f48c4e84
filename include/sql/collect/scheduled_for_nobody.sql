-- name: scheduled_for_nobody
-- owner: data
-- grain: one row an address
-- params: parts, at
-- purpose: To whom mail is scheduled that may not have it any more, with the address as it was planned. What is scheduled is in
--          `scheduled`: a row a chunk, with its place in the files of plans (`parts`). verdict, in this order: mail (they want
--          it), left (by an unsubscribe or complaint of their own, which SendGrid's lists hold for good), no (anything else by
--          people_as_of; an address that everybody gave up who had it; or the topic of what is scheduled for them was declined,
--          under any of their addresses), unknown (nobody has or had the address). An address that two have had is judged by who
--          has it now. is_due: in a chunk whose time has not come; the other chunks are those of who is withheld already
--          (`withheld`). is_confirming: mail that asks people to confirm, so it goes to those who have yet to. topic: of what
--          has yet to go, null where people cannot decline it. A bounce is no wish of the person, and SendGrid's own list holds
--          it.
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

judged as (
    select
        planned.address_key,
        planned.email,
        planned.is_due,
        holdings.is_current,
        standing.has_left,
        not coalesce(list_has_any(planned.topics, declined.topics), false)
        and coalesce(
            person.withheld_for in ('hard_bounce', 'invalid_address')
            or (
                planned.is_confirming
                and person.withheld_for in (
                    'not_confirmed', 'no_lawful_basis', 'no_proof_of_consent', 'consent_expired'
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
        when bool_or(wants_mail and is_current) then 'mail'
        when bool_or(has_left) then 'left'
        else 'no'
    end as verdict
from judged
group by address_key
having verdict <> 'mail' or address_key in (select withheld.address_key from withheld)
order by address_key;
