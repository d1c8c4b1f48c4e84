-- name: 032_unsubscribe_token
-- owner: dispatch
-- grain: a value
-- params: none
-- purpose: The SQL twin of include.core.token.mint: version, key id, message key, address key and 16 bytes of HMAC-SHA256
--          (RFC 2104, written out with sha256 because DuckDB has no hmac), as base64url without padding. inner_pad and
--          outer_pad are the key's 64-byte blocks, computed by include.core.token.hmac_pads. The signed part is written
--          twice and evaluated once; a lambda to name it would cost as much as the digests, and a subquery would run as a
--          join. 66 bytes need no padding.
create or replace macro unsubscribe_token(
    version_and_key_id, inner_pad, outer_pad, message_key, address_key
) as replace(
    replace(
        to_base64(
            (version_and_key_id || message_key::uuid::blob || unhex(address_key))
            || unhex(left(
                sha256(
                    outer_pad || unhex(sha256(
                        inner_pad || (version_and_key_id || message_key::uuid::blob || unhex(address_key))
                    ))
                ),
                32
            ))
        ),
        '+', '-'
    ),
    '/', '_'
);
