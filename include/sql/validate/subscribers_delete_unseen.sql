-- name: subscribers_delete_unseen
-- owner: data
-- grain: one row per subscriber who left the source
-- params: at, hold_deletions
-- purpose: After a full pass: delete (deleted_at) the subscribers that the source no longer has. With `hold_deletions`, only
--          those that an earlier full pass lacked too. Reads the temporary table unseen.
update core.subscribers
set deleted_at = $at
where
    deleted_at is null
    and subscriber_id in (
        select source_key
        from unseen
        where is_confirmed or not $hold_deletions
    );
