-- name: recorded_declines
-- owner: dispatch
-- grain: one row per address and topic
-- params: none
-- purpose: Who had declined a topic or tracking as of the last plan: what a restored ledger is told again. Not who had agreed:
--          an agreement that was withdrawn since must not come back.
select
    address_key,
    topic,
    happened_at
from core.consent_answers
where not given
order by address_key, topic;
