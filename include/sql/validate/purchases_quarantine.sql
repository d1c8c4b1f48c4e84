-- name: purchases_quarantine
-- owner: data
-- grain: one row a refused row
-- params: files, run, at
-- purpose: Keep what a row rule refused, whole, with every reason: nothing is lost, and a mended source row takes its place by
--          itself on a later pass. Reads the temporary table faults.
insert into quality.quarantine by name
select
    $run as landed_run,
    'purchases' as relation,
    landed.row_number,
    landed.purchase_id as source_key,
    refused.reasons,
    to_json(landed) as raw_row,
    $at::timestamptz as quarantined_at
from read_parquet($files) as landed
inner join (
    select
        row_number,
        list(distinct reason order by reason) as reasons
    from faults
    semi join read_parquet($files) using (row_number)
    group by row_number
) as refused using (row_number);
