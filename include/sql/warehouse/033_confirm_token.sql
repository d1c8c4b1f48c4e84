-- name: 033_confirm_token
-- owner: dispatch
-- grain: a value
-- params: none
-- purpose: The SQL twin of include.core.token.mint for the purpose confirm: like unsubscribe_token, with the purpose and a
--          zero byte before the signed part, and a head of six bytes, four of which are the time at which the link expires.
--          The two characters that pad 70 bytes are removed.
create or replace macro confirm_token(
    head, inner_pad, outer_pad, message_key, address_key
) as rtrim(
    replace(
        replace(
            to_base64(
                (head || message_key::uuid::blob || unhex(address_key))
                || unhex(left(
                    sha256(
                        outer_pad || unhex(sha256(
                            inner_pad || 'confirm\x00'::blob || (head || message_key::uuid::blob || unhex(address_key))
                        ))
                    ),
                    32
                ))
            ),
            '+', '-'
        ),
        '/', '_'
    ),
    '='
);
