-- name: evidence_subscribers
-- owner: data
-- grain: one row per subscriber
-- params: subscriber_ids
-- purpose: The consent of these subscribers as the source has it now.
select
    subscriber_id,
    address_key,
    status,
    lawful_basis,
    consent_source,
    consented_at,
    consent_wording,
    consent_expires_at,
    tracking_consent,
    signed_up_at,
    updated_at,
    landed_run,
    deleted_at
from core.subscribers
where list_contains($subscriber_ids::varchar[], subscriber_id)
order by subscriber_id;
