-- name: healthy_hours
-- owner: dispatch
-- grain: one row
-- params: since
-- purpose: The number of clock hours since a given time in which the event webhook delivered anything. The absence of events
--          counts as evidence only after 24 such hours.
select count(distinct date_trunc('hour', received_at)) as hours
from engagement.spool_files
where received_at > make_timestamptz(($since * 1000000)::bigint);
