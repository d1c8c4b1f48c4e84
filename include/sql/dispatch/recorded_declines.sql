-- name: recorded_declines
-- owner: dispatch
-- grain: one row per address and topic
-- params: none
-- purpose: Refusals of topics and tracking as of the last plan, with which a restored ledger is completed. Agreements are not
--          restored, since they may have been withdrawn since.
select
    address_key,
    topic,
    happened_at
from core.consent_answers
where not given
order by address_key, topic;
