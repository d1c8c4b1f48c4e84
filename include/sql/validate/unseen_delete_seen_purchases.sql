-- name: unseen_delete_seen_purchases
-- owner: data
-- grain: one row a purchase whose deletion is held
-- params: files
-- purpose: After an incremental pass: a row was seen, so nothing of it is held any more.
delete from core.unseen
where
    relation = 'purchases'
    and exists (
        from read_parquet($files) as landed
        where landed.purchase_id = core.unseen.source_key
    );
