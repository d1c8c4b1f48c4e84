-- name: subscribers_delete_unseen
-- owner: data
-- grain: one row a subscriber who left the source
-- params: files, at
-- purpose: After a full pass: whoever the source no longer shows is deleted. A quarantined row was seen; its person stays as
--          they were known.
update core.subscribers
set deleted_at = $at
where
    deleted_at is null
    and not exists (
        from read_parquet($files) as landed
        where landed.subscriber_id = core.subscribers.subscriber_id
    )
