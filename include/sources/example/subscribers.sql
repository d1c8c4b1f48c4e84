-- Maps the people of the source example onto the data contract (docs/data-contract.md). Write the names of your source on the
-- left of `as`. What cannot be read as a yes is a no: give `subscribed` only to people who agreed, with the proof of it.
select
    contact.id as subscriber_id,
    contact.mail as email,
    case when contact.newsletter = 1 then 'subscribed' else 'unsubscribed' end as status,
    contact.basis as lawful_basis,
    contact.signup_page as consent_source,
    contact.agreed_at as consented_at,
    contact.agreed_to as consent_wording,
    contact.changed_at as updated_at,
    -- Optional from here on: leave out what the source does not have.
    contact.given_name as first_name,
    contact.family_name as last_name,
    upper(contact.country_code) as country,
    contact.language as locale,
    contact.created_at as signed_up_at
from contacts as contact
