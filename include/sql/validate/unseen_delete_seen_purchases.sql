-- name: unseen_delete_seen_purchases
-- owner: data
-- grain: one row per purchase whose deletion is held
-- params: files
-- purpose: After an incremental pass: cancel the held deletion of each purchase in it.
delete from core.unseen
where
    relation = 'purchases'
    and exists (
        from read_parquet($files) as landed
        where landed.purchase_id = core.unseen.source_key
    );
