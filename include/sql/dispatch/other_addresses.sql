-- name: other_addresses
-- owner: dispatch
-- grain: one row per planned message and address that its person had before
-- params: none
-- purpose: The former addresses of planned people (temp table audience), under which they may unsubscribe by a link in an old
--          message while the plan is sent. Frozen with the plan; keys, no address.
select distinct
    former.address_key as other_key,
    subscriber.address_key
from audience
inner join core.former_addresses as former on audience.subscriber_id = former.subscriber_id
inner join core.subscribers as subscriber on audience.subscriber_id = subscriber.subscriber_id
where audience.state = 'planned' and former.address_key <> subscriber.address_key
order by all;
