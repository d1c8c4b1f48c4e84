-- name: suppressions_clear
-- owner: data
-- grain: none
-- params: none
-- purpose: First half of the replacement of core.suppressions, in one transaction with suppressions_fill.
delete from core.suppressions;
