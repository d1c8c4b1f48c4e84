-- name: 035_is_implied_consent
-- owner: data
-- grain: a value
-- params: none
-- purpose: Whether a lawful basis of the source is consent that is implied by a purchase or an inquiry (CASL, section 10(9)),
--          which ends by itself: the words of the contract (docs/data-contract.md), in upper or lower case, ignoring spaces,
--          hyphens, underscores, dots and slashes. Null for null.
create or replace macro is_implied_consent(lawful_basis) as (
    translate(lower(lawful_basis), ' -_./' || chr(160), '') in (
        'implied', 'impliedconsent', 'consentimplied', 'implicit', 'implicitconsent', 'existingbusinessrelationship', 'ebr',
        'existingnonbusinessrelationship', 'inquiry', 'enquiry', 'purchase'
    )
);
