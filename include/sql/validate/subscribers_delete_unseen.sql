-- name: subscribers_delete_unseen
-- owner: data
-- grain: one row a subscriber who left the source
-- params: at, hold_deletions
-- purpose: After a full pass: whoever the source no longer shows is deleted. Where deletions are `hold_deletions`, only those are whom an
--          earlier full pass did not see either. Reads the temporary table unseen.
update core.subscribers
set deleted_at = $at
where
    deleted_at is null
    and subscriber_id in (
        select source_key
        from unseen
        where is_confirmed or not $hold_deletions
    );
