-- name: last_heard
-- owner: delivery
-- grain: one row
-- params: since
-- purpose: When the event webhook last delivered anything that was verified; null where nothing came since a moment.
select max(received_at) as heard_at
from engagement.spool_files
where received_at > make_timestamptz(($since * 1000000)::bigint);
