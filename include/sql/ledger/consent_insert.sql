-- name: consent_insert
-- owner: data
-- grain: one row per address and topic
-- params: none
-- purpose: Inserts the consent answers in force, from the Arrow table consent_in_force of the ledger.
insert into core.consent_answers by name
from consent_in_force;
