-- name: 050_subscribers
-- owner: data
-- grain: one row a subscriber
-- params: none
-- purpose: What is known of a subscriber, without address and name. deleted_at is set when a full pass no longer sees the row.
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
