-- name: subscribers_taken
-- owner: data
-- grain: one row per address that a piece gives to a subscriber (temp table taken)
-- params: none
-- purpose: Add the addresses that a subscriber has since this piece: of new ones, of those who return after a deletion, and
--          of those who changed it. No other address can have become shared. Reads the temporary tables incoming and replaced.
insert into taken
select incoming.address_key
from incoming
left join replaced on incoming.subscriber_id = replaced.subscriber_id
where
    incoming.action <> 'unchanged'
    and (
        replaced.subscriber_id is null
        or replaced.deleted_at is not null
        or replaced.address_key <> incoming.address_key
    );
