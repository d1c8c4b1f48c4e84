-- name: former_consents_insert
-- owner: data
-- grain: one row per subscriber whose proof of consent changes
-- params: run, at
-- purpose: Before the merge replaces a row, keep its proof of consent if the new row has another one, under another address
--          or status too. Reads the temporary tables incoming and replaced.
insert into core.former_consents by name
select
    known.subscriber_id,
    known.address_key,
    known.status,
    known.lawful_basis,
    known.consent_source,
    known.consented_at,
    known.consent_wording,
    known.consent_expires_at,
    known.tracking_consent,
    known.updated_at,
    known.landed_run,
    $at as replaced_at,
    $run as replaced_by
from incoming
inner join replaced as known on incoming.subscriber_id = known.subscriber_id
where
    incoming.address_key <> known.address_key
    or incoming.status <> known.status
    or incoming.lawful_basis is distinct from known.lawful_basis
    or incoming.consent_source is distinct from known.consent_source
    or incoming.consented_at is distinct from known.consented_at
    or incoming.consent_wording is distinct from known.consent_wording
    or incoming.consent_expires_at is distinct from known.consent_expires_at
    or incoming.tracking_consent <> known.tracking_consent;
