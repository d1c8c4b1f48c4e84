-- name: addresses_of_people
-- owner: data
-- grain: one row per requested key per address of its people
-- params: at
-- purpose: Every address of the people who have or had an address in `requested_keys`: a person who unsubscribes through a
--          link in an old mail unsubscribes under every address. wants_mail is false where the person's own unsubscribe,
--          complaint or erasure is in force. Bounces do not count (they concern one address), nor do reasons that can end
--          without the person, such as the source's status or a quarantined row; scheduled_addresses.sql evaluates those.
--          For an address that two people have had, the current holder decides.
with people as (
    select distinct
        requested_keys.address_key as requested_key,
        holdings.subscriber_id
    from requested_keys
    inner join core.holdings on requested_keys.address_key = holdings.address_key
)

select
    people.requested_key,
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
