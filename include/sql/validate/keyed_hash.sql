-- name: keyed_hash
-- owner: data
-- grain: a value
-- params: none
-- purpose: HMAC-SHA256 (RFC 2104) of a text, in hex, the SQL twin of include.core.keys. `key` is a struct of the two padded
--          keys, inner_pad and outer_pad (include.core.token.hmac_pads); it comes from a variable of the session, so that no
--          statement has it in its text.
create or replace temp macro keyed_hash(key, text) as (
    sha256(key.outer_pad || unhex(sha256(key.inner_pad || encode(text))))
);
