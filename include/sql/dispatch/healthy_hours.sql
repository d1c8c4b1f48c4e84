-- name: healthy_hours
-- owner: dispatch
-- grain: one row
-- params: since
-- purpose: In how many clock hours since a moment the event webhook delivered anything. Absence of evidence counts only after
--          24 hours in which evidence could have come.
select count(distinct date_trunc('hour', received_at)) as hours
from engagement.spool_files
where received_at > make_timestamptz(($since * 1000000)::bigint);
