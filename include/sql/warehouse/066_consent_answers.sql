-- name: 066_consent_answers
-- owner: data
-- grain: one row per address and topic
-- params: none
-- purpose: A copy of the answers in force in the ledger's consent log (marketing, tracking, or a topic of the preference
--          page), as of the last plan. A question without an answer has no row.
create table if not exists core.consent_answers (
    address_key varchar not null,
    topic varchar not null,
    given boolean not null
);
