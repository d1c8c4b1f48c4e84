-- name: unseen_delete_seen_subscribers
-- owner: data
-- grain: one row per subscriber whose deletion is held
-- params: files
-- purpose: After an incremental pass: cancel the held deletion of each subscriber in it.
delete from core.unseen
where
    relation = 'subscribers'
    and exists (
        from read_parquet($files) as landed
        where landed.subscriber_id = core.unseen.source_key
    );
