-- name: 050_subscribers
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: The attributes of a subscriber except address and name. deleted_at is set when a full pass no longer shows the
--          row.
create table if not exists core.subscribers (
    subscriber_id varchar not null,
    address_key varchar not null,
    mailbox_provider varchar not null,
    country varchar,
    locale varchar,
    timezone varchar,
    signed_up_at timestamptz,
    status varchar not null,
    lawful_basis varchar,
    consent_source varchar,
    consented_at timestamptz,
    consent_wording varchar,
    consent_expires_at timestamptz,
    tracking_consent boolean not null,
    updated_at timestamptz not null,
    attributes json,
    landed_run varchar not null,
    deleted_at timestamptz
);
