-- name: 052_former_addresses
-- owner: data
-- grain: one row per subscriber and address
-- params: none
-- purpose: Addresses that a subscriber had before the one in core.subscribers, so that the table grows with changes of
--          address and not with the list. Rows are never deleted: a person is an id and every address it ever had.
create table if not exists core.former_addresses (
    subscriber_id varchar not null,
    address_key varchar not null,
    landed_run varchar not null
);
