-- name: 020_message_key
-- owner: data
-- grain: a value
-- params: none
-- purpose: The message key, the SQL twin of include.core.keys.message_key: a UUIDv5 (RFC 9562, 5.5) composed of sha1,
--          because DuckDB has no uuidv5(). A lambda names the digest, since a subquery would run as a join; substr, since
--          slices of strings take three times as long.
create or replace macro message_key(campaign, occurrence, subscriber_id) as list_transform(
    [
        sha1(
            unhex('6f0c1d1e6a525d3c9f4e7472616465aa')
            || encode(concat(campaign, chr(31), occurrence, chr(31), subscriber_id))
        )
    ],
    lambda hex: concat(
        substr(hex, 1, 8), '-', substr(hex, 9, 4), '-5', substr(hex, 14, 3), '-',
        substr('89ab89ab89ab89ab', instr('0123456789abcdef', substr(hex, 17, 1)), 1), substr(hex, 18, 3), '-',
        substr(hex, 21, 12)
    )
)[1];
