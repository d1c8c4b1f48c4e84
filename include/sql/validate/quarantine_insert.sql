-- name: quarantine_insert
-- owner: data
-- grain: one row per quarantined row
-- params: files, run, relation, key, at
-- purpose: Store each row that breaks a row rule in full, with every reason; `key` is the relation's key column. Once the source is fixed, a later pass merges
--          the row without further action. Reads the temporary table faults.
insert into quality.quarantine by name
select
    $run as landed_run,
    $relation as relation,
    landed.row_number,
    to_json(landed) ->> $key as source_key,
    quarantined.reasons,
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
) as quarantined using (row_number);
