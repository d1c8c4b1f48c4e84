-- name: 020_message_key
-- owner: data
-- grain: a value
-- params: none
-- purpose: K of a message, the SQL twin of include.core.keys.message_key: a UUIDv5 (RFC 9562, 5.5) composed of sha1,
--          because DuckDB has no uuidv5().
create or replace macro message_key(campaign, occurrence, subscriber_id) as (
    with digest as (
        select sha1(
            unhex('6f0c1d1e6a525d3c9f4e7472616465aa')
            || encode(concat(campaign, chr(31), occurrence, chr(31), subscriber_id))
        ) as hex
    )
    select
        concat(
            hex[1:8], '-', hex[9:12], '-5', hex[14:16], '-',
            format('{:x}', (('0x' || hex[17:17])::integer & 3) | 8), hex[18:20], '-', hex[21:32]
        )
    from digest
);
