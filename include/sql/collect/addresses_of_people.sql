-- name: addresses_of_people
-- owner: data
-- grain: one row a key of `wanted` an address of its people
-- params: at
-- purpose: Every address of the people who have or had the addresses behind some keys (`wanted`): who leaves by a link in an old
--          mail leaves under each. wants_mail: they have not left by a wish of their own that stands (a bounce is about an address;
--          what the source says, and a row of theirs that is held back, may end without them: scheduled_for_nobody.sql). An
--          address that two of them have had wants mail where the one who has it now does.
with people as (
    select distinct
        wanted.address_key as because_of,
        holdings.subscriber_id
    from wanted
    inner join core.holdings on wanted.address_key = holdings.address_key
)

select
    people.because_of,
    holdings.address_key,
    coalesce(
        bool_or(standing.wants_mail) filter (where holdings.is_current),
        bool_and(standing.wants_mail)
    ) as wants_mail
from people
inner join core.holdings on people.subscriber_id = holdings.subscriber_id
inner join (
    select
        person.subscriber_id,
        coalesce(person.withheld_for not in ('unsubscribe', 'spam_complaint', 'manual', 'erasure'), true)
        and standing.barred_for is null
        and not coalesce(standing.has_left, false) as wants_mail
    from people_as_of($at) as person
    left join core.standing on person.subscriber_id = standing.subscriber_id
) as standing on people.subscriber_id = standing.subscriber_id
group by all
order by all;
