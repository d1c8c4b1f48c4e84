-- name: subscribers_watermark
-- owner: data
-- grain: one row
-- params: files, latest
-- purpose: The newest updated_at that landed, where the next incremental pass starts. Times after `latest`, the moment at which
--          landing began, are passed over: a pass from one of them would not see what changes until then.
select max(changed_at) as watermark
from (
    select source_time(updated_at) as changed_at
    from read_parquet($files)
)
where changed_at <= $latest;
