-- name: subscribers_update_refused
-- owner: data
-- grain: one row per subscriber who refused
-- params: none
-- purpose: Unsubscribe the subscribers who refused in a batch (temporary table refusals_incoming) at once, whatever the
--          row's updated_at, unless the batch has a newer good row of theirs. Other columns are left to the merge.
update core.subscribers
set status = 'unsubscribed'
where
    status <> 'unsubscribed'
    and subscriber_id in (
        select subscriber_id
        from refusals_incoming
        where not coalesce(newest_good_at > refused_at, false)
    );
