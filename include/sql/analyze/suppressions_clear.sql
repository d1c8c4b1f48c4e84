-- name: suppressions_clear
-- owner: data
-- grain: none
-- params: none
-- purpose: Forget the last copy of the ledger's suppressions.
truncate core.suppressions;
