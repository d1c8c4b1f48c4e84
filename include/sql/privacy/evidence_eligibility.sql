-- name: evidence_eligibility
-- owner: data
-- grain: one row per subscriber
-- params: subscriber_ids, at
-- purpose: Whether these subscribers may be mailed and tracked at a moment, and why not. Reads the warehouse's copy of the
--          ledger, which is as of the last plan or analysis.
select
    subscriber_id,
    $at::timestamptz as as_of,
    withheld_for,
    tracking_consent,
    consent_expires_at
from people_as_of($at)
where list_contains($subscriber_ids::varchar[], subscriber_id)
order by subscriber_id;
