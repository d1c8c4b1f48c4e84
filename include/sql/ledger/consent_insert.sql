-- name: consent_insert
-- owner: data
-- grain: one row per address and topic
-- params: none
-- purpose: The consent answers in force in the ledger, from the Arrow table consent_in_force.
insert into core.consent_answers by name
from consent_in_force;
