-- name: consent_checks_insert
-- owner: data
-- grain: one row
-- params: at, row_count, last_seq, head_hash, fault
-- purpose: Record the result of a check of the consent log.
insert into core.consent_checks (checked_at, row_count, last_seq, head_hash, fault)
values ($at, $row_count, $last_seq, $head_hash, $fault);
