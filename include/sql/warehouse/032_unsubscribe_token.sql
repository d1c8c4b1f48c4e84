-- name: 032_unsubscribe_token
-- owner: dispatch
-- grain: a value
-- params: none
-- purpose: The SQL twin of include.core.token.mint: version, key id, K, address key, 16 bytes of HMAC-SHA256 (RFC 2104, written
--          out with sha256 because DuckDB has no hmac), base64url without padding. inner_pad and outer_pad are the key's
--          64-byte blocks, made by include.core.token.hmac_pads.
--          The signed part stands there twice and is computed once; a lambda to name it costs as much as the digests, and a
--          subquery would be run as a join. 66 bytes need no padding.
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
