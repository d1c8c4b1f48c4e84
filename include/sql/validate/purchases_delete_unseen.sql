-- name: purchases_delete_unseen
-- owner: data
-- grain: one row a purchase that left the source
-- params: files
-- purpose: After a full pass: purchases that the source no longer shows (cancelled, erased) go. A quarantined row was seen.
delete from core.purchases
where
    not exists (
        from read_parquet($files) as landed
        where landed.purchase_id = core.purchases.purchase_id
    )
