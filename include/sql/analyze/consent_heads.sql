-- name: consent_heads
-- owner: data
-- grain: one row per check without a fault
-- params: since
-- purpose: The heads of the consent log that earlier checks found, since an operator last accepted the log as it was.
select distinct
    last_seq,
    head_hash
from core.consent_checks
where fault is null and last_seq > 0 and checked_at > $since
order by all;
