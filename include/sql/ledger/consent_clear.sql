-- name: consent_clear
-- owner: data
-- grain: none
-- params: none
-- purpose: Empties the warehouse's copy of the consent answers before it is filled again.
delete from core.consent_answers;
