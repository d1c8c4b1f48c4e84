-- name: last_webhook_batch
-- owner: delivery
-- grain: one row
-- params: since
-- purpose: When the newest verified webhook batch since $since was received; null where there is none.
select max(received_at) as last_received_at
from engagement.spool_files
where received_at > make_timestamptz(($since * 1000000)::bigint);
