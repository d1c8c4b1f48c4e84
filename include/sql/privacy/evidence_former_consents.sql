-- name: evidence_former_consents
-- owner: data
-- grain: one row per subscriber and replaced proof of consent
-- params: subscriber_ids
-- purpose: The consent of these subscribers as the source had it before, oldest first.
select *
from core.former_consents
where list_contains($subscriber_ids::varchar[], subscriber_id)
order by subscriber_id, replaced_at;
