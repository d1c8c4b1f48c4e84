-- name: activities_delete_unseen
-- owner: data
-- grain: one row per activity that left the source
-- params: hold_deletions
-- purpose: After a full pass: delete the activities that the source no longer has (erased, expired). With `hold_deletions`, only
--          those that an earlier full pass lacked too. Reads the temporary table unseen.
delete from core.activities
where
    activity_id in (
        select source_key
        from unseen
        where is_confirmed or not $hold_deletions
    );
