-- name: unseen_delete_seen_subscribers
-- owner: data
-- grain: one row a subscriber whose deletion is held
-- params: files
-- purpose: After an incremental pass: a row was seen, so nothing of it is held any more.
delete from core.unseen
where
    relation = 'subscribers'
    and exists (
        from read_parquet($files) as landed
        where landed.subscriber_id = core.unseen.source_key
    );
