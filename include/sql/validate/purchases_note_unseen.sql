-- name: purchases_note_unseen
-- owner: data
-- grain: one row per person
-- params: hold_deletions
-- purpose: Note, for the features, whose purchases are deleted because a full pass lacks them, as purchases_delete_unseen.sql does. Reads the
--          temporary table unseen.
insert into segment.changes by name
select distinct
    subscriber_id,
    'purchases' as source
from core.purchases
where
    purchase_id in (
        select source_key
        from unseen
        where is_confirmed or not $hold_deletions
    );
