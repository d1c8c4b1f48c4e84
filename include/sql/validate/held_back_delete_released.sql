-- name: held_back_delete_released
-- owner: data
-- grain: one row per subscriber and quarantined row
-- params: run
-- purpose: A good row ends the suppression of its subscriber, and of those whom an earlier row with the same id suppressed,
--          even where its updated_at is not newer than the known one. Entries of this batch are kept: they were compared
--          with its good rows during validation. Reads the temporary table incoming.
delete from core.held_back
where
    landed_run <> $run
    and (
        subscriber_id in (select subscriber_id from incoming)
        or because_of in (select subscriber_id from incoming)
    );
