-- name: held_back_delete_released
-- owner: data
-- grain: none
-- params: run
-- purpose: A good row releases its subscriber, and those whom an earlier row of the same id held back, though its updated_at be
--          no newer than what is known. Reads the temporary table incoming. What this batch itself holds back was compared with
--          its good rows already.
delete from core.held_back
where
    landed_run <> $run
    and (
        subscriber_id in (select subscriber_id from incoming)
        or because_of in (select subscriber_id from incoming)
    );
