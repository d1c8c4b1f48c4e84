-- name: former_addresses_update
-- owner: data
-- grain: one row per subscriber who gives up an address again
-- params: run, at
-- purpose: Update the time for a subscriber who returned to a former address and now changes it once more. Runs before
--          former_addresses_insert and the merge. Reads the temporary tables incoming and replaced.
update core.former_addresses as former
set
    given_up_at = $at,
    landed_run = $run
from incoming
inner join replaced as known on incoming.subscriber_id = known.subscriber_id
where
    incoming.address_key <> known.address_key
    and former.subscriber_id = known.subscriber_id
    and former.address_key = known.address_key;
