-- name: scheduled_for_nobody
-- owner: data
-- grain: one row an address
-- params: parts, due, confirming, at
-- purpose: To whom mail is scheduled (`parts`, files of plans) that may not have it any more, with the address as it was planned.
--          verdict, in this order: mail (they want it), left (by an unsubscribe or complaint of their own, which SendGrid's lists
--          hold for good), no (anything else by people_as_of), unknown (nobody has or had the address). An address that two
--          have had is judged by who has it now. is_due: in a file of `due`, whose time has not come; the other files are those
--          of who is withheld already (`withheld`). confirming: files of mail that asks people to confirm, so it goes to those
--          who have yet to. A bounce is no wish of the person, and SendGrid's own list holds it.
with planned as (
    select
        part.address_key,
        any_value(part.email) as email,
        bool_or(list_contains($due::varchar[], part.filename)) as is_due,
        bool_and(list_contains($confirming::varchar[], part.filename)) as is_confirming
    from read_parquet($parts, filename = true) as part
    where
        list_contains($due::varchar[], part.filename)
        or part.address_key in (select withheld.address_key from withheld)
    group by part.address_key
),

judged as (
    select
        planned.address_key,
        planned.email,
        planned.is_due,
        holdings.is_current,
        standing.left_at is not null and not coalesce(standing.confirmed_at > standing.left_at, false) as has_left,
        coalesce(
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
)

select
    address_key,
    any_value(email) as email,
    any_value(is_due) as is_due,
    case
        when bool_and(is_current is null) then 'unknown'
        when coalesce(bool_or(wants_mail) filter (where is_current), bool_and(wants_mail)) then 'mail'
        when bool_or(has_left) then 'left'
        else 'no'
    end as verdict
from judged
group by address_key
having verdict <> 'mail' or address_key in (select withheld.address_key from withheld)
order by address_key;
