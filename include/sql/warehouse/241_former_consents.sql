-- name: 241_former_consents
-- owner: data
-- grain: one row per subscriber and replaced proof of consent
-- params: none
-- purpose: The consent that the source reported for a subscriber before the one in core.subscribers, kept when a merge
--          replaces it: replaced_at is when, replaced_by the run. Append-only. Grows with changes and not with the list. With
--          core.subscribers and core.refusals it is the proof of every mail that relied on the source.
create table if not exists core.former_consents (
    subscriber_id varchar not null,
    address_key varchar not null,
    status varchar not null,
    lawful_basis varchar,
    consent_source varchar,
    consented_at timestamptz,
    consent_wording varchar,
    consent_expires_at timestamptz,
    tracking_consent boolean not null,
    updated_at timestamptz not null,
    landed_run varchar not null,
    replaced_at timestamptz not null,
    replaced_by varchar not null
);
