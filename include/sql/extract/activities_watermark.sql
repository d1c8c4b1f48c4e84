-- name: activities_watermark
-- owner: data
-- grain: one row
-- params: files, latest
-- purpose: The newest landed happened_at, where the next incremental pass starts. Times after `latest`, when landing
--          started, are ignored: a pass from such a time would miss changes until then.
select max(changed_at) as watermark
from (
    select source_time(happened_at) as changed_at
    from read_parquet($files)
) as landed
where changed_at <= $latest;
