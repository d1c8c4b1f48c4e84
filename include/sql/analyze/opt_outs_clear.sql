-- name: opt_outs_clear
-- owner: data
-- grain: none
-- params: none
-- purpose: Forget the last copy of the ledger's unsubscribes.
truncate engagement.opt_outs;
