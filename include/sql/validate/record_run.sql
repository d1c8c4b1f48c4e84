-- name: record_run
-- owner: data
-- grain: one row
-- params: run, relation, at, raw_rows, valid_rows, quarantined_rows, verdict, stop_reason
-- purpose: Write a validation's sums and verdict.
insert into quality.runs by name
select
    $run as landed_run,
    $relation as relation,
    $at::timestamptz as validated_at,
    $raw_rows as raw_rows,
    $valid_rows as valid_rows,
    $quarantined_rows as quarantined_rows,
    $verdict as verdict,
    $stop_reason as stop_reason
