-- name: consent_proof
-- owner: operations
-- grain: one row
-- params: as_of
-- purpose: Of the people who may be mailed, how many lack a part of the proof of their consent: lawful basis, source, time,
--          wording. A confirmation on our pages is proof by itself (the consent log has it), and implied consent, which nobody
--          gave in words, needs no wording.
with people as (
    select
        people.lawful_basis,
        people.consent_source,
        people.consented_at,
        people.consent_wording is null and not coalesce(is_implied_consent(people.lawful_basis), false) as lacks_wording,
        people.consent_expires_at,
        standing.confirmed_at is not null as is_confirmed
    from people_as_of($as_of) as people
    left join core.standing using (subscriber_id)
    where people.withheld_for is null
)

select
    count(*) as mailable,
    count(*) filter (where is_confirmed) as confirmed,
    count(*) filter (where not is_confirmed and lawful_basis is null) as without_basis,
    count(*) filter (where not is_confirmed and consent_source is null) as without_source,
    count(*) filter (where not is_confirmed and consented_at is null) as without_time,
    count(*) filter (where not is_confirmed and lacks_wording) as without_wording,
    count(*) filter (
        where not is_confirmed
        and (lawful_basis is null or consent_source is null or consented_at is null or lacks_wording)
    ) as without_proof,
    count(*) filter (where consent_expires_at < $as_of::timestamptz + interval 30 days) as expiring
from people;
