-- name: purchases_delete_unseen
-- owner: data
-- grain: one row a purchase that left the source
-- params: hold_deletions
-- purpose: After a full pass: purchases that the source no longer shows (cancelled, erased) go. Where deletions are `hold_deletions`, only
--          those go that an earlier full pass did not see either. Reads the temporary table unseen.
delete from core.purchases
where
    purchase_id in (
        select source_key
        from unseen
        where is_confirmed or not $hold_deletions
    );
