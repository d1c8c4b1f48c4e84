-- name: purchases_watermark
-- owner: data
-- grain: one row
-- params: files, latest
-- purpose: The newest purchased_at that landed, where the next incremental pass starts. Times after `latest` are a source's mistakes
--          (9999-12-31); one of them taken as a watermark would end all incremental passes.
select max(changed_at) as watermark
from (
    select source_time(purchased_at) as changed_at
    from read_parquet($files)
)
where changed_at <= $latest
