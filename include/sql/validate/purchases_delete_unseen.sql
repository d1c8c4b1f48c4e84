-- name: purchases_delete_unseen
-- owner: data
-- grain: one row a purchase that left the source
-- params: files
-- purpose: After a full pass: purchases that the source no longer shows (cancelled, erased) go. A quarantined row was seen.
delete from core.purchases
where
    purchase_id not in (
        select purchase_id
        from read_parquet($files)
        where purchase_id is not null
    )
