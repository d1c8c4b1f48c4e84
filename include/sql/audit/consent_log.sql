-- name: consent_log
-- owner: operations
-- grain: one row; none if the log was never checked
-- params: as_of
-- purpose: The last check of the consent log's hash chain, and how many hours ago it was.
select
    date_diff('hour', checked_at, $as_of::timestamptz) as hours_ago,
    fault is null as is_intact
from core.consent_checks
order by checked_at desc
limit 1;
