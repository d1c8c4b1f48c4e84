-- name: subscribers
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: The default query of the relation `subscribers` (docs/data-contract.md). For a source with other names, a file of
--          this name in the folder $TRADEWIND_SOURCE_SQL replaces it: `select contact_id as subscriber_id, mail as email, …
--          from crm.contacts`.
select *
from subscribers;
