-- name: runs_insert
-- owner: data
-- grain: one row
-- params: run, relation, at, raw_rows, valid_rows, quarantined_rows, verdict, stop_reason, is_full, deletions_held,
--         warnings, source, accepted
-- purpose: Insert the counts, status and warnings of a validation.
insert into quality.runs by name
select
    $run as landed_run,
    $relation as relation,
    $at::timestamptz as validated_at,
    $raw_rows as raw_rows,
    $valid_rows as valid_rows,
    $quarantined_rows as quarantined_rows,
    $verdict as verdict,
    $stop_reason as stop_reason,
    $is_full as is_full,
    $deletions_held as deletions_held,
    $warnings::varchar[] as warnings,
    $source as source,
    $accepted::varchar[] as accepted;
