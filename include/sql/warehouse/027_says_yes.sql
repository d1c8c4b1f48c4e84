-- name: 027_says_yes
-- owner: data
-- grain: a value
-- params: none
-- purpose: Whether a word of the source's tracking_consent is a yes. Every other value is a no: false for null too.
create or replace macro says_yes(value) as (
    coalesce(lower(trim(value)) in ('true', 't', '1', 'yes', 'y', 'on'), false)
);
