-- name: mailable_address
-- owner: data
-- grain: a value
-- params: none
-- purpose: An address of a source as it is stored and sent to: without surrounding spaces, an internationalised domain in
--          ASCII. Only an address that is not ASCII needs the Python function mailable_unicode_address.
create or replace temp macro mailable_address(email) as (
    if(strlen(email) = length(email), trim(email), mailable_unicode_address(email))
);
