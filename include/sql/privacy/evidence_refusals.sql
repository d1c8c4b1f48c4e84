-- name: evidence_refusals
-- owner: data
-- grain: one row per refusal at the source
-- params: subscriber_ids, address_keys
-- purpose: The refusals at the source under one of these ids or addresses.
select *
from core.refusals
where
    list_contains($subscriber_ids::varchar[], subscriber_id)
    or list_contains($address_keys::varchar[], address_key)
order by learned_at, refused_at;
