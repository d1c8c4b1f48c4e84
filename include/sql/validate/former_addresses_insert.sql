-- name: former_addresses_insert
-- owner: data
-- grain: one row per subscriber whose address changes
-- params: run, at
-- purpose: Before the merge replaces an address, keep it as a former address of the subscriber. Reads the temporary tables
--          incoming and replaced.
insert into core.former_addresses by name
select
    known.subscriber_id,
    known.address_key,
    $run as landed_run,
    $at as given_up_at
from incoming
inner join replaced as known on incoming.subscriber_id = known.subscriber_id
where
    incoming.address_key <> known.address_key
    and not exists (
        select 1
        from core.former_addresses as former
        where former.subscriber_id = known.subscriber_id and former.address_key = known.address_key
    );
