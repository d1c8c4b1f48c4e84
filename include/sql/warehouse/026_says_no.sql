-- name: 026_says_no
-- owner: data
-- grain: a value
-- params: none
-- purpose: Whether a word of the source, in status or tracking_consent, is a refusal: the list of the contract
--          (docs/data-contract.md), in upper or lower case, ignoring spaces, hyphens, underscores, dots and slashes. Null
--          for null.
create or replace macro says_no(value) as (
    translate(lower(value), ' -_./' || chr(160), '') in (
        'unsubscribed', 'unsubscribe', 'unsub', 'unsubbed', 'notsubscribed', 'nonsubscribed', 'nosubscription',
        'optedout', 'optout', 'stop', 'stopped', 'left', 'gone', 'cancelled', 'canceled', 'abgemeldet', 'desabonne',
        'withdrawn', 'withdrew', 'revoked', 'refused', 'rejected', 'declined', 'denied', 'objected', 'expired',
        'deleted', 'delete', 'removed', 'erased', 'forgotten', 'archived', 'inactive', 'disabled', 'deactivated',
        'cleaned', 'bounced', 'bounce', 'hardbounce', 'hardbounced', 'invalid', 'undeliverable', 'dead', 'deceased',
        'complained', 'complaint', 'complainer', 'spam', 'spamcomplaint', 'spamreport', 'abuse', 'suppressed',
        'suppression', 'blocked', 'blacklisted', 'blocklisted', 'banned', 'donotmail', 'donotemail', 'donotcontact', 'dnc',
        'no', 'n', 'none', 'never', 'not', 'false', 'f', '0', 'off', 'nein', 'non'
    )
);
