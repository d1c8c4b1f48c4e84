-- name: 030_mailbox_provider
-- owner: data
-- grain: a value
-- params: none
-- purpose: The mailbox provider of a domain, by the label before the public suffix, so that gmail.com, googlemail.com and
--          the demo's gmail.example.com are one provider; every other domain is 'other'.
create or replace macro mailbox_provider(domain) as (
    case
        when regexp_matches(lower(domain), '^(gmail|googlemail)\.') then 'gmail'
        when regexp_matches(lower(domain), '^(yahoo|ymail|rocketmail|aol)\.') then 'yahoo'
        when regexp_matches(lower(domain), '^(outlook|hotmail|live|msn)\.') then 'microsoft'
        when regexp_matches(lower(domain), '^(icloud|me|mac)\.') then 'apple'
        else 'other'
    end
);
