-- name: consent_checks
-- owner: analytics
-- grain: one row per check of the consent log
-- params: none
-- purpose: The checks of the consent log's hash chain. Published, so that a copy of the file proves what the log held at the
--          time, also to somebody who does not trust the ledger.
create or replace table marts.consent_checks as
select
    checked_at,
    row_count,
    last_seq,
    head_hash,
    fault is null as is_intact,
    fault
from core.consent_checks
order by checked_at;
