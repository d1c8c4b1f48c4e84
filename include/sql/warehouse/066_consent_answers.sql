-- name: 066_consent_answers
-- owner: data
-- grain: one row an address a topic
-- params: none
-- purpose: A copy of the answers in force in the ledger's consent log (marketing, tracking, or a topic of the preference
--          page), as of the last plan. What was never answered there has no row.
create table if not exists core.consent_answers (
    address_key varchar not null,
    topic varchar not null,
    given boolean not null
);
