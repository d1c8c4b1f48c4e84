-- name: quarantine_delete_expired
-- owner: data
-- grain: one row per quarantined row and run
-- params: before
-- purpose: Delete the rows that were quarantined before a time, with the addresses in them. Kept are rows that are in
--          quarantine now, since they are not corrected yet, and those of the newest batch of a relation, whose landed files
--          stay and which may be merged once more. The counts of a batch are in quality.runs.
delete from quality.quarantine
where
    quarantined_at < $before::timestamptz
    and (relation, landed_run) not in (
        select (relation, arg_max(landed_run, validated_at))
        from quality.runs
        group by relation
    )
    and (relation, landed_run, row_number) not in (
        select (relation, landed_run, row_number)
        from quality.open_quarantine
    );
