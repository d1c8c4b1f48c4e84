-- name: purchases_delete_unseen
-- owner: data
-- grain: one row per purchase that left the source
-- params: hold_deletions
-- purpose: After a full pass: delete the purchases that the source no longer has (cancelled, erased). With `hold_deletions`,
--          only those that an earlier full pass lacked too. Reads the temporary table unseen.
delete from core.purchases
where
    purchase_id in (
        select source_key
        from unseen
        where is_confirmed or not $hold_deletions
    );
