-- name: subscribers
-- owner: data
-- grain: one row a subscriber
-- params: none
-- purpose: The relation `subscribers` of a source, under the names of the data contract (docs/data-contract.md). A source with
--          names of its own brings a file of this name that maps them, in the folder $TRADEWIND_SOURCE_SQL:
--          `select contact_id as subscriber_id, mail as email, … from crm.contacts`.
select *
from subscribers;
